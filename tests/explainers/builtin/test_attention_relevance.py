import numpy as np
import pytest

from explainers import Network, compare
from explainers.builtin.attention_relevance import AttentionRelevance, relevance_of
from explainers.plugin_network import predictor_of
from explainers.running.comparison import Failed, Finished

# two blocks of one head; rows look at columns; the class token, then two patches
FIRST = [[0.0, 0.5, 0.0], [0.0, 0.0, 0.4], [0.0, 0.0, 0.0]]
SECOND = [[0.0, 0.2, 0.1], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
GRADIENTS = np.ones((2, 1, 3, 3))


class Attending(Network):
    """Two patches and a class token, whose attention is known."""

    name, labels, input = "attending", ("Effusion", "Mass"), {"rule": "samplewise", "size": 32}
    token_grid = (1, 2)

    def forward(self, batch):
        return np.zeros((len(batch), 2))

    def attentions(self, batch, output):
        weights = np.array([[FIRST], [SECOND]])
        sign = 1 if output == 0 else -1
        return np.stack([weights] * len(batch)), np.stack([sign * GRADIENTS] * len(batch))


class Scoring(Attending):
    """The same, with nothing but scores."""

    name = "scoring"
    attentions = Network.attentions


def test_what_a_patch_hands_on_counts_for_the_class_token(phantom):
    # after the first block the class token holds .5 of patch 1, which holds .4 of patch 2; in the second it looks at
    # patch 1 (.2), so at .2 × .4 of patch 2, and at patch 2 itself (.1): .5 + .2 and .2 × .4 + .1
    *_, done = compare(predictor_of(Attending, source="test"), phantom, "Effusion", ["attention_relevance"])
    assert isinstance(done, Finished), done
    assert done.explanation.map == pytest.approx(np.array([[0.7, 0.18]]), abs=1e-6)


def test_attention_that_speaks_against_the_finding_is_not_shown(phantom):
    *_, done = compare(predictor_of(Attending, source="test"), phantom, "Mass", ["attention_relevance"])
    assert isinstance(done, Finished), done
    assert not done.explanation.map.any()


def test_a_network_without_attention_makes_it_not_available(phantom):
    *_, done = compare(predictor_of(Scoring, source="test"), phantom, "Effusion", ["attention_relevance"])
    assert isinstance(done, Failed)
    assert "attention" in done.reason


def test_heads_are_averaged_after_their_signs_are_taken():
    weights = np.array([[[[0.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]])
    gradients = np.array([[[[0.0, 3.0], [0.0, 0.0]], [[0.0, -9.0], [0.0, 0.0]]]])
    assert relevance_of(weights, gradients)[0, 1] == 1.5


def test_without_special_tokens_the_rows_are_averaged():
    class Context:
        token_grid = (0, 1, 2)

        def attentions(self, finding):
            weights = np.array([[[[0.0, 0.6], [0.2, 0.0]]]])
            return weights, np.ones_like(weights)

    # column means: patch 1 is looked at by .2 of patch 2, patch 2 by .6 of patch 1
    assert AttentionRelevance().explain(Context(), "Effusion") == pytest.approx(np.array([[0.1, 0.3]]))
