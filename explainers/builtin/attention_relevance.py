"""What a transformer's attention carries to the logit, block after block."""

import numpy as np

from explainers import Context, Explainer, hookimpl


class AttentionRelevance(Explainer):
    """Attention weights times the logit's gradient at them, multiplied through all blocks.

    Method:
        A_b is a block's attention (heads, tokens, tokens), its rows the tokens that look, and G_b = dz / dA_b for the
        finding's logit z. Ā_b is the mean over heads of max(G_b · A_b, 0). From R = I, each block in forward order
        gives R ← R + Ā_b R, where R is what each token holds of each input token. The map is the class token's row of
        R without its special tokens; in a network without special tokens, which averages its tokens, the mean row.
    Map:
        The grid of the patches, 14 × 14 for patches of 16 pixels on an input of 224. Never negative: what speaks
        against the finding is not shown. Products of gradients have no unit: compare places of one map, not values.
    Departs from paper:
        Nothing is normalised or enlarged. The mean row is ours, for networks without a class token. The paper's first
        version (CVPR 2021) weighs attention with relevance led back through every layer; this is the second, which
        needs only attention and its gradient, and was as good in its authors' tests.
    Fails when:
        A block's perceptron moves evidence between channels, which the product does not see. Attention can be high
        where nothing is used: the gradient removes most of that, not all. Later layers mix tokens, so a cell may hold
        what another patch showed.
    Cost:
        One pass forward and one back for each finding.
    Source:
        Chefer, Gur, Wolf, Generic Attention-Model Explainability for Interpreting Bi-Modal and Encoder-Decoder
        Transformers, ICCV 2021, eq. 5, 6; arXiv 2103.15679. Rollout without gradients: Abnar, Zuidema 2020.
    """

    name, title, unit, signed = "attention_relevance", "Attention relevance", "arbitrary", False
    reference = "Chefer et al. 2021, arXiv 2103.15679"
    by_default = False
    most_passes = 3

    def explain(self, context: Context, finding: str) -> np.ndarray:
        """The map `(y, x)` of one finding, on the grid of the patches."""
        relevance = relevance_of(*context.attentions(finding))
        special, *grid = context.token_grid
        rows = relevance[:1] if special else relevance
        return rows[:, special:].mean(axis=0).reshape(grid)


def relevance_of(weights: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """R without its identity `(tokens, tokens)` float64; both given as `(blocks, heads, tokens, tokens)`."""
    tokens = weights.shape[-1]
    relevance = np.eye(tokens)
    for weight, gradient in zip(weights.astype(np.float64), gradients.astype(np.float64), strict=True):
        relevance = relevance + np.maximum(gradient * weight, 0).mean(axis=0) @ relevance
    return relevance - np.eye(tokens)


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [AttentionRelevance]
