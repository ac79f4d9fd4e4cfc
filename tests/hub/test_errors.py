"""The tree of errors, and what of an error reaches people."""

import logging
import re

import cxr.errors
import cxr.training.errors
import explainers.errors
import hub.errors
from hub.errors import CxrLensError, SourceError, describe_error, names_hint


def every_error() -> list[type[CxrLensError]]:
    modules = (hub.errors, cxr.errors, cxr.training.errors, explainers.errors)
    classes = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    return list({each for each in classes if issubclass(each, CxrLensError)} - {CxrLensError})


def test_every_error_has_a_code_of_its_own_and_stands_in_the_drawing():
    codes = [each.code for each in every_error()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)*", code) for code in codes)
    assert all(f"── {each.__name__} " in hub.errors.__doc__ for each in every_error())


def test_an_error_speaks_in_a_sentence_and_a_hint():
    error = SourceError("There is no checkpoint 'x'.", "Give another.")
    assert str(error) == "There is no checkpoint 'x'. Give another."
    assert str(SourceError("There is none.")) == "There is none."
    assert describe_error(error) == ("SOURCE", str(error))


def test_a_defect_is_told_by_a_number_and_logged_whole(caplog):
    with caplog.at_level(logging.ERROR):
        try:
            raise KeyError("/home/somebody/secret")
        except KeyError as error:
            code, sentence = describe_error(error)
    assert code == "INTERNAL"
    assert "secret" not in sentence
    number = re.search("[0-9a-f]{8}", sentence)[0]
    assert number in caplog.text
    assert "KeyError: '/home/somebody/secret'" in caplog.text


def test_names_are_offered_with_the_closest_first():
    hint = names_hint("Efusion", ["Mass", "Effusion"])
    assert hint == "Did you mean 'Effusion'? Known: Mass, Effusion."
    assert names_hint("xyz", ["Mass"]) == "Known: Mass."
    assert names_hint("xyz", []) == "Known: none."


def test_of_many_names_only_the_closest_are_shown_and_how_to_list_all():
    names = [f"conv{block}_block{number}_concat" for block in range(2, 6) for number in range(1, 20)]
    hint = names_hint("conv5_blok16_concat", names, list_all="`layers`")
    assert hint.startswith("Did you mean 'conv5_block16_concat'? The closest names are conv5_block16_concat, ")
    assert hint.count("_concat") == 9  # the one meant, and eight
    assert hint.endswith("; `layers` lists all 76.")
    assert names_hint("xyz", names).endswith(" and 68 more.")
