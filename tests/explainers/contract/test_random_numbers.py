"""Random numbers: a picture's own, the same in every run, and the same where a measure changes the input a little."""

import sys

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

FIXED = ("cxr.phantom.synthesis", "cxr.planted_network", "explainers.builtin.occlusion")
"""Modules whose random numbers are no picture's: synthetic chests, networks with random weights, and the order in which
occlusion covers its windows, in which no part of any picture comes last."""

OPTIONS = STOCHASTIC | {"grad_cam": {"layer": "relu"}}


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
    events = compare(predictor, radiograph, "Mass", [name], options={name: OPTIONS[name]}, seed=seed)
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


@pytest.fixture
def drawn(monkeypatch):
    """The seeds of all generators that are made, but for those of FIXED."""
    seeds, original = [], np.random.default_rng

    def recorded(seed=None):
        if sys._getframe(1).f_globals["__name__"] not in FIXED:
            seeds.append(repr(seed))
        return original(seed)

    monkeypatch.setattr(np.random, "default_rng", recorded)
    return seeds


def seeds_of(drawn, work):
    drawn.clear()
    work()
    return set(drawn)


def check_seeds(drawn, work):
    """work(picture, seed) makes generators that are the same in every run, and others for each picture and seed."""
    own = seeds_of(drawn, lambda: work(0, 0))
    assert own == seeds_of(drawn, lambda: work(0, 0))
    assert "None" not in own
    assert not own & seeds_of(drawn, lambda: work(1, 0))
    assert not own & seeds_of(drawn, lambda: work(0, 1))
    return own


@pytest.mark.parametrize("name", sorted(Registry.standard().explainers))
def test_explainers_draw_by_seed_and_picture(planted, pictures, drawn, name):
    if name == "attention_relevance":
        pytest.skip("it is for transformers")
    options = {name: STOCHASTIC.get(name, {})}

    def work(picture, seed):
        *_, done = compare(planted, pictures[picture], "Mass", [name], options=options, seed=seed)
        assert isinstance(done, Finished), done

    assert bool(check_seeds(drawn, work)) == (name in STOCHASTIC)


@pytest.mark.parametrize("name", sorted(Registry.standard().measures))
def test_measures_and_their_controls_draw_by_seed_and_picture(planted, pictures, drawn, name):
    registry = Registry.standard()

    def work(picture, seed):
        radiograph = pictures[picture]
        one = explained(planted, radiograph, "grad_cam", seed)
        explainer, prepared = registry.explainers["grad_cam"], planted.prepare(radiograph)
        subject = Subject(one, explainer, planted, radiograph, prepared, (10, 10, 20, 20))
        assert registry.measures[name]().measure(subject).sentence

    assert check_seeds(drawn, work)


def test_no_two_explainers_draw_the_same(planted, pictures):
    numbers = [first_numbers(planted, explained(planted, pictures[0], name), pictures[0]) for name in STOCHASTIC]
    assert len({tuple(each) for each in numbers}) == len(STOCHASTIC)


def test_the_benchmarks_figures_draw_by_seed_and_picture(planted, pictures, drawn):
    from explainers.benchmark.boxes import Boxed
    from explainers.benchmark.figures import figures_of
    from explainers.benchmark.protocol import Entry, Protocol

    explainer, entry = Registry.standard().explainers["grad_cam"], Entry("Grad-CAM", "grad_cam", {})
    boxed = Boxed("a.png", "a", "Mass", ((0.2, 0.6, 0.2, 0.2),))

    def work(picture, seed):
        radiograph = pictures[picture]
        one = explained(planted, radiograph, "grad_cam", seed)
        subject = Subject(one, explainer, planted, radiograph, planted.prepare(radiograph))
        protocol = Protocol(1, seed, 10, ("pointing",), 1, 1, 1, (entry,), "")
        row = figures_of(subject, protocol, entry, 0, boxed, {})
        assert {"relevance_gain", "stability", "confirmed"} <= row.keys()

    assert len(check_seeds(drawn, work)) == 3
