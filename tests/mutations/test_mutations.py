"""The generator of faults and its trial: what is changed, what is left alone, and what becomes of a fault."""

import ast
import json

import numpy as np
import pytest

from tests.mutations.behaviour import same
from tests.mutations.by_hand import FAULTS, by_hand
from tests.mutations.operators import mutants
from tests.mutations.reasons import REASONS, reason
from tests.mutations.report import text_of
from tests.mutations.subjects import LEFT_OUT, subjects
from tests.mutations.trial import CAUGHT, EQUIVALENT, SURVIVED, Verdict, tried

SOURCE = '''
WIDTH = 3.0

class Example:
    signed = True

    def explain(self, context, finding, *, samples: int = 8):
        """One text, 2 texts."""
        values = np.abs(context.input_gradient(finding)).sum(axis=-1) * samples + 1
        context.note(width=WIDTH * 2)
        return values
'''

SUBJECTS = {subject.name: subject for subject in subjects()}


def kinds() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mutant in mutants(SOURCE):
        found.setdefault(mutant.kind, []).append(mutant.source)
    return found


def test_each_kind_changes_one_place():
    found = kinds()
    assert {kind: len(sources) for kind, sources in found.items()} == {
        "attribute": 1, "operator": 2, "reduction": 1, "left out": 1, "axis": 1, "off by one": 2, "finding": 1,
        "option ignored": 1, "sign": 1, "frame": 3,
    }  # fmt: skip
    assert "signed = False" in found["attribute"][0]
    assert ".mean(axis=-1)" in found["reduction"][0]
    assert "samples = 8" in found["option ignored"][0]
    assert "context.labels[0]" in found["finding"][0]
    assert any("/ samples" in source for source in found["operator"])


def test_notes_texts_and_constants_at_the_top_are_left_alone():
    for mutant in mutants(SOURCE):
        assert "WIDTH = 3.0" in mutant.source
        assert "context.note(width=WIDTH * 2)" in mutant.source
        assert "One text, 2 texts." in mutant.source


def test_functions_whose_numbers_are_choices_are_left_alone():
    assert not [mutant for mutant in mutants(SOURCE, ["explain"]) if "explain" in mutant.place]


def test_every_fault_that_is_written_by_hand_changes_one_place_of_its_subject():
    for fault in FAULTS:
        subject = SUBJECTS[fault.subject]
        (text,) = [text for text in map(subject.text, subject.sources) if fault.before in text]
        assert text.count(fault.before) == 1, fault
        changed = text.replace(fault.before, fault.after)
        assert (fault.kind, changed) in [(mutant.kind, mutant.source) for mutant in by_hand(fault.subject, text)]
        ast.parse(changed)


def test_behaviours_are_followed_until_they_differ():
    def behaviour():
        yield np.ones(3, np.float32)
        raise AssertionError("what follows is not asked for")

    assert not same(behaviour(), [np.zeros(3, np.float32), 1])
    assert same([1.0, "a"], [1.0 + 1e-9, "a"])
    assert not same([1.0], [1.0, 2.0])


def test_a_reason_belongs_to_a_function_of_a_subject():
    names = {(source.rsplit(".", 1)[-1] + ".py", node.name)
             for subject in SUBJECTS.values() for source in subject.sources
             for node in ast.walk(ast.parse(subject.text(source))) if isinstance(node, ast.FunctionDef)}  # fmt: skip
    assert set(REASONS) <= names
    (file, function), why = next(iter(REASONS.items()))
    assert reason(f"{file}, line 3, {function}: a + b → a - b") == why
    assert reason("other.py, line 3, nothing: a + b → a - b") == ""


def test_every_built_in_is_a_subject_and_loads_from_its_text():
    from explainers import Registry

    registry = Registry.standard()
    assert {*SUBJECTS, *LEFT_OUT} == {*registry.explainers, *registry.measures}
    for name, subject in SUBJECTS.items():
        for source in subject.sources:
            assert subject.loaded(source, subject.text(source)).name == name


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("context.input_gradient(finding).sum(axis=-1)", "context.input_gradient(finding).mean(axis=-1)", CAUGHT),
        ("context.input_gradient(finding)", "context.input_gradient(context.labels[0])", CAUGHT),
        ("context.input_gradient(finding).sum(axis=-1)", "context.input_gradient(finding).sum(axis=2)", EQUIVALENT),
    ],
)
def test_a_fault_is_caught_and_a_change_that_changes_nothing_is_equivalent(before, after, outcome):
    subject = SUBJECTS["saliency"]
    text = subject.text(subject.module)
    assert before in text
    verdict = tried(subject, subject.module, "reduction", "line 1", text.replace(before, after))
    assert verdict.outcome == outcome, verdict
    json.dumps(verdict.to_json())


def test_the_report_counts_by_kind_and_lists_what_was_not_found():
    verdicts = [
        Verdict("one", "sign", "line 1", CAUGHT, "sign", "It has the wrong sign.", named=True),
        Verdict("one", "sign", "line 2", SURVIVED),
        Verdict("one", "axis", "line 3", EQUIVALENT),
    ]
    text = text_of(verdicts)
    assert "| sign | 2 | 1 (50%) | 1 (50%) |" in text
    assert "| axis" not in text
    assert "- one: line 2 (sign)" in text
    assert "- one: line 3 (axis)" in text
