"""The logit's way from a picture with nothing in it to the radiograph, divided among the pixels."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np

from cxr.fills import InputFill, fill_values
from explainers import Context, Explainer, Range, hookimpl

AT_ONCE = 8
"""Gradients computed together; after each lot the run can be cancelled."""

BLUR = 0.1
"""Standard deviation of the blurred baseline, as a share of the input's side: nothing smaller than a lobe is left."""

FILLS: tuple[InputFill, ...] = ("mean", "blur", "black", "white")
"""Baselines that "all" averages over: each is a different question, and their spread says how much that matters."""


class IntegratedGradients(Explainer):
    """Share of each pixel in the difference between the logit of the radiograph and that of an empty image.

    Method:
        m = Σ_c (x − x₀)_c · ∫ dz/dx_c(x₀ + t (x − x₀)) dt for t from 0 to 1, with z the finding's logit, x the input,
        x₀ a baseline; the integral by Gauss-Legendre quadrature. "all" averages the maps of four baselines: the input's
        mean everywhere, the input blurred, its darkest and its brightest value everywhere.
    Map:
        The input's own grid, in logits. The pixels sum to z(x) − z(x₀), averaged over the baselines in use, up to the
        quadrature's error, which is noted. Positive: what is there, compared with the baseline, raises the logit.
    Departs from paper:
        Several baselines. The paper's single black picture is one of them; on a radiograph black is also what air and
        collimation look like. The spread between baselines is noted as an array.
    Fails when:
        The baseline itself scores high: then little is left to divide, and the map explains that little. The path runs
        through pictures that are no radiographs. Noisy at the scale of pixels.
    Cost:
        `steps` passes forward and back for each baseline: 64 by default.
    Options:
        baseline: what the path starts from; "all" averages over the four, and notes their spread
        steps: points of the quadrature for each baseline
    Source:
        Sundararajan, Taly, Yan, Axiomatic Attribution for Deep Networks, ICML 2017; arXiv 1703.01365. On the choice of
        baselines: Sturmfels, Lundberg, Lee, Visualizing the Impact of Feature Attribution Baselines, Distill 2020.
    """

    name, title, unit = "integrated_gradients", "Integrated gradients", "logit"
    reference = "Sundararajan et al. 2017, arXiv 1703.01365"
    by_default = False
    most_passes = 196

    def explain(
        self,
        context: Context,
        finding: str,
        *,
        baseline: Literal["all", "mean", "blur", "black", "white"] = "all",
        steps: Annotated[int, Range(8, 128, step=8)] = 16,
    ) -> np.ndarray:
        """The map `(h, w)` of one finding, on the input's grid."""
        starts = _baselines(context.input, FILLS if baseline == "all" else (baseline,))
        place = context.labels.index(finding)
        maps: list[np.ndarray] = []
        for number, start in enumerate(starts.values()):

            def step(done: float, number: int = number) -> None:
                preview = np.mean(maps, axis=0) if maps else None
                context.progress((number + done) / len(starts), f"baseline {number + 1} of {len(starts)}", preview)

            maps.append(_along(context, finding, start, steps, step))
        at_starts = context.forward(np.stack(list(starts.values())))[:, place]
        self._note(context, finding, maps, dict(zip(starts, map(float, at_starts), strict=True)))
        return np.mean(maps, axis=0)

    def _note(self, context: Context, finding: str, maps: list[np.ndarray], at_starts: Mapping[str, float]) -> None:
        logit = float(context.logits[context.labels.index(finding)])
        differences = {name: logit - at_start for name, at_start in at_starts.items()}
        errors = {
            name: float(each.sum() - difference)
            for each, (name, difference) in zip(maps, differences.items(), strict=True)
        }
        context.promise_sum(finding, float(np.mean(list(differences.values()))))
        context.note(baseline_logits=dict(at_starts), completeness_error=errors)
        if len(maps) > 1:
            context.note(spread=np.std(maps, axis=0).astype(np.float32))


def _along(context: Context, finding: str, start: np.ndarray, steps: int, step: Callable[[float], None]) -> np.ndarray:
    """The map `(h, w)` float64 along the straight line from one baseline `(h, w, c)`."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    difference = context.input - start
    gradient = np.zeros(context.input.shape)
    for at in range(0, steps, AT_ONCE):
        places = ((points[at : at + AT_ONCE] + 1) / 2).astype(np.float32)
        batch = start + places[:, None, None, None] * difference
        found = context.input_gradient(finding, batch)
        gradient += np.einsum("n,nyxc->yxc", weights[at : at + AT_ONCE] / 2, found, dtype=np.float64)
        step(min(1.0, (at + AT_ONCE) / steps))
    return (gradient * difference).sum(axis=-1)


def _baselines(network_input: np.ndarray, names: tuple[InputFill, ...]) -> dict[str, np.ndarray]:
    """{name: (h, w, c)}."""
    sigma = BLUR * max(network_input.shape[:2])
    values = {name: fill_values(network_input, name, sigma_px=sigma) for name in names}
    return {name: np.broadcast_to(each, network_input.shape).astype(np.float32) for name, each in values.items()}


@hookimpl
def cxr_lens_explainers() -> list[type[Explainer]]:
    return [IntegratedGradients]
