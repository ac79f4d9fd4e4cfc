"""Random numbers: a picture's own, the same in every run, and the same where a measure changes the input a little."""

import numpy as np
import pytest

from explainers import Registry, Subject, compare
from explainers.running.comparison import Finished

STOCHASTIC = {
    "expected_gradients": {"draws": 16},
    "random_map": {},
    "rise": {"most": 256},
    "smoothgrad": {"samples": 8},
}


def test_these_are_the_stochastic_built_ins():
    assert {name for name, each in Registry.standard().explainers.items() if each.stochastic} == set(STOCHASTIC)


@pytest.fixture(scope="module")
def planted():
    from cxr.planted_network import planted

    return planted()


@pytest.fixture(scope="module")
def pictures():
    """Two radiographs that differ in their noise."""
    from cxr.planted_network import Disc, picture

    return [picture(Disc(22.0, 66.0), seed=seed) for seed in (0, 1)]


def explained(predictor, radiograph, name, seed=0):
    events = compare(predictor, radiograph, "Mass", [name], options={name: STOCHASTIC[name]}, seed=seed)
    *_, done = events
    assert isinstance(done, Finished), done
    return done.explanation


def first_numbers(predictor, explanation, radiograph, array=None):
    """The first random numbers that an explainer gets for a radiograph, or for a changed input of it."""
    from dataclasses import replace

    prepared = predictor.prepare(radiograph)
    explainer = Registry.standard().explainers[explanation.explainer]
    subject = Subject(explanation, explainer, predictor, radiograph, prepared)
    changed = prepared if array is None else replace(prepared, array=array)
    return subject._context(predictor, changed).rng.random(4)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_run_repeats_with_its_seed_and_another_seed_gives_another_map(planted, pictures, name):
    one, same, other = (explained(planted, pictures[0], name, seed).map for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_every_picture_has_random_numbers_of_its_own(planted, pictures, name):
    one, other = (first_numbers(planted, explained(planted, each, name), each) for each in pictures)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_changed_input_is_explained_with_the_same_random_numbers(planted, pictures, name):
    """So that stability measures the change of the input, and not that of the random numbers."""
    explanation = explained(planted, pictures[0], name)
    changed = planted.prepare(pictures[0]).array + np.float32(0.01)
    own = first_numbers(planted, explanation, pictures[0])
    np.testing.assert_array_equal(first_numbers(planted, explanation, pictures[0], changed), own)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_measure_repeats_the_map_exactly(planted, pictures, name):
    explanation = explained(planted, pictures[0], name)
    explainer = Registry.standard().explainers[name]
    subject = Subject(explanation, explainer, planted, pictures[0], planted.prepare(pictures[0]))
    np.testing.assert_array_equal(subject.again(), explanation.map)
