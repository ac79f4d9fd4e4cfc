"""What an explainer may ask, on a network of four cells that fits on paper (see `tiny` in tests/conftest.py).

Its input's quadrants are 1, 2 above 3, −2. Channel 0 is relu of them: 1, 2, 3, 0, on average 1.5; channel 1 is relu of
their negatives: 0, 0, 0, 2, on average 0.5. Effusion = 4·1.5 + 0.5 = 6.5; Nodule = −2·1.5 + 8·0.5 − 1 = 0.
"""

import numpy as np
import pytest

from cxr.errors import FindingError, LayerError
from cxr.frame import Frame
from cxr.pass_counts import count_passes
from cxr.preparation import InputRule, Prepared
from explainers import Context
from explainers.errors import Cancelled, ExplainerError

CLOSE = 5e-5
"""Means of 768 terms in float32, which processors add up in orders of their own."""


@pytest.fixture
def context_with(tiny, quadrants):
    """Builds a Context over `tiny` and the quadrants."""
    quadrants.flags.writeable = False
    prepared = Prepared(
        quadrants, Frame((32, 32), (32, 32), (0.0, 0.0, 32.0, 32.0)), InputRule("samplewise", 32), statistics=None
    )
    return lambda **arguments: Context(tiny, None, prepared, **arguments)


@pytest.fixture
def context(context_with):
    return context_with()


def test_logits_are_the_network_s_own(context):
    assert context.labels == ("Effusion", "Nodule")
    assert context.logits == pytest.approx([6.5, 0], abs=CLOSE)


def test_a_batch_goes_forward(context, quadrants):
    # the input halved halves the pooled channels: 4·0.75 + 0.5 = 3.5; −2·0.75 + 8·0.25 − 1 = −0.5
    logits = context.forward(np.stack([quadrants, quadrants / 2]))
    assert logits == pytest.approx(np.array([[6.5, 0], [3.5, -0.5]]), abs=CLOSE)


def test_activations_of_a_layer(context):
    assert context.activations("cells")[..., 0] == pytest.approx(np.array([[1, 2], [3, -2]]), abs=CLOSE)
    assert context.activations("relu")[..., 1] == pytest.approx(np.array([[0, 0], [0, 2]]), abs=CLOSE)
    assert list(context.layers) == ["cells", "relu"]


def test_gradient_at_a_layer(context):
    # each of four cells has a quarter of the channel's weight
    assert context.layer_gradient("relu", "Effusion") == pytest.approx(np.tile([1.0, 0.0], (2, 2, 1)))
    both = context.layer_gradient("relu")
    assert both.shape == (2, 2, 2, 2)
    assert both[1] == pytest.approx(np.tile([-0.5, 2.0], (2, 2, 1)))


def test_what_follows_a_layer_goes_on_from_given_activations(context):
    # one cell of channel 0 set to 8: average 2, so 4·2 + 0.5 and −2·2 − 1
    activations = np.zeros((1, 2, 2, 2), np.float32)
    activations[0, 0, 0, 0] = 8
    assert context.forward_from("relu", activations) == pytest.approx(np.array([[8.5, -5.0]]), abs=CLOSE)


def test_gradient_of_the_input(context):
    # Effusion: 4 · 1/4 · 1/768 where channel 0 is on, and nothing from channel 1
    gradient = context.input_gradient("Effusion")
    assert gradient.shape == (32, 32, 3)
    assert gradient[:16] == pytest.approx(1 / 768)
    assert gradient[16:, 16:] == pytest.approx(0)


def test_occluding_a_quadrant(context):
    # without the 3: (1 + 2 + 0)/4 = 0.75, so 4·0.75 + 0.5 = 3.5 and −2·0.75 + 4 − 1 = 1.5
    windows = np.array([[16, 0, 16, 16], [0, 0, 32, 32]])
    logits = context.occluded(windows, 0.0)
    assert logits[0] == pytest.approx([3.5, 1.5], abs=CLOSE)
    assert logits[1] == pytest.approx([0.5, -1.0], abs=CLOSE)


def test_what_others_will_be_given_too_can_not_be_changed(context):
    for shared in (context.input, context.logits, context.activations("relu")):
        with pytest.raises(ValueError, match="read-only"):
            shared[...] = 9
    assert context.logits == pytest.approx([6.5, 0], abs=CLOSE)


def test_names_that_do_not_exist_are_refused_with_the_closest(context):
    with pytest.raises(FindingError, match="Effusion"):
        context.input_gradient("Efusion")
    with pytest.raises(LayerError, match="relu"):
        context.activations("rellu")


def test_a_batch_of_another_shape_is_refused(context):
    with pytest.raises(ValueError, match="32"):
        context.forward(np.zeros((1, 16, 16, 3), np.float32))


def test_passes_are_counted_by_picture(context, quadrants):
    with count_passes() as counter:
        context.forward(np.stack([quadrants * number for number in (1.5, 2, 3)]))
        context.input_gradient("Effusion")
        context.occluded(np.array([[0, 0, 16, 16]] * 20), 0.0)
    # three, one on the way to the gradient, twenty windows
    assert (counter.forward, counter.backward) == (3 + 1 + 20, 1)


def test_random_numbers_depend_on_seed_and_explainer_alone(context_with):
    def drawn(**arguments) -> float:
        return context_with(**arguments).rng.random()

    assert drawn(seed=1, explainer="a") == drawn(seed=1, explainer="a")
    assert len({drawn(seed=1, explainer="a"), drawn(seed=2, explainer="a"), drawn(seed=1, explainer="b")}) == 3


def test_progress_is_told_and_never_runs_backwards(context_with):
    told = []
    context = context_with(report=lambda *said: told.append(said))
    for fraction in (0.5, 0.25, 7.0):
        context.progress(fraction, "half")
    assert told == [(0.5, "half", None), (0.5, "half", None), (1.0, "half", None)]


def test_a_cancelled_run_ends_at_its_next_step(context_with):
    answers = iter([False, True])
    context = context_with(cancelled=lambda: next(answers))
    context.progress(0.1)
    with pytest.raises(Cancelled):
        context.progress(0.2)


def test_occlusion_ends_between_batches(context_with):
    context = context_with(cancelled=lambda: True)
    with pytest.raises(Cancelled):
        context.occluded(np.array([[0, 0, 16, 16]]), 0.0)


def test_notes_hold_what_json_and_npz_can(context):
    context.note(count=np.int64(3), words=["a"], steps=np.ones(2))
    assert context.notes["count"] == 3
    assert type(context.notes["count"]) is int
    assert context.notes["steps"].tolist() == [1, 1]
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(ExplainerError, match="'thing'"):
            context.note(thing=value)
