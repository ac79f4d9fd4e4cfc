"""Faults written by hand: what people get wrong that no single operator makes.

Each replaces a text of a source by another. `test_mutations.py` holds that every text is there once.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.mutations.operators import Mutant, place


class Fault(NamedTuple):
    """A mistake of a subject: its kind, the text in the source, and the text in its place."""

    subject: str
    kind: str
    before: str
    after: str


CAM_MAPS = "np.moveaxis(activations.astype(np.float64) @ weights.T, -1, 0).astype(np.float32)"
CAM_RETURN = f"return {CAM_MAPS}"
CAM_PLACES = "places = [context.labels.index(finding) for finding in findings]"
CAM_EXPLAIN = "        return _weighted(context.activations(layer), context.layer_gradient(layer, finding)[None])[0]"
SALIENCY = "derivative = context.input_gradient(finding).sum(axis=-1)"
NOISE = "added = context.rng.normal(scale=deviation, size=(count, *context.input.shape[:2], 1))"
NOISY_SUM = "total += context.input_gradient(finding, batch).sum(axis=(0, -1), dtype=np.float64)"
IG_RETURN = "return (gradient * difference).sum(axis=-1)"
EG_TERMS = "terms = (ways * context.input_gradient(finding, starts + places * ways)).sum(axis=-1, dtype=np.float64)"
EG_PROMISE = "context.promise_sum(finding, float(context.logits[place]) - background)"
WINDOWS_MEAN = "return (sums / counts).astype(np.float32)"
WINDOWS_STARTS = "return [*range(0, last, min(stride, patch)), last]"
FALLS = "falls = np.concatenate([falls, (logits - found[:, places]).T], axis=1)"
RISE_MAP = "return (means[2] - z * means[0]) / np.maximum(variance, 1e-9)"
BOX_SAMPLED = "values, inside = sample_with_box(subject.explanation.on_image(), subject.box, *subject.more_boxes)"
LAYER_RETURN = 'return np.einsum("yxk,yxk->yx", activations, gradient, dtype=np.float64)'
CHANGES_WEIGHTS = (
    "model = context._predictor._model\n"
    "            kernel, bias = model.layers[-1].get_weights()\n"
    "            model.layers[-1].set_weights([kernel, bias * 0])\n            "
)

FAULTS: tuple[Fault, ...] = (
    # the kinds of mistake that were collected in plugins of others
    Fault("grad_cam", "enlarged", CAM_RETURN,
          f"import cv2\n    maps = {CAM_MAPS}\n"
          "    rows, columns = (np.linspace(0, n - 1, 8 * n, dtype=np.float32) for n in maps.shape[1:])\n"
          "    x, y = np.meshgrid(columns, rows)\n"
          "    large = maps.shape[1] != 8\n"
          "    return maps if large else np.stack([cv2.remap(each, x, y, cv2.INTER_LINEAR) for each in maps])"),
    Fault("grad_cam", "finding", CAM_PLACES, "places = list(range(len(findings)))"),
    Fault("grad_cam", "finding", CAM_PLACES, "places = sorted(context.labels.index(finding) for finding in findings)"),
    Fault("smoothgrad", "randomness", NOISE,
          NOISE.replace("context.rng", "np.random.default_rng([context.seed, abs(hash(finding))])")),
    Fault("integrated_gradients", "left out", IG_RETURN, "return gradient.sum(axis=-1)"),
    Fault("expected_gradients", "left out", EG_TERMS,
          "terms = context.input_gradient(finding, starts + places * ways).sum(axis=-1, dtype=np.float64)"),
    Fault("saliency", "side effect", SALIENCY, CHANGES_WEIGHTS + SALIENCY),
    Fault("smoothgrad", "option clipped", "    deviation = noise",
          "    samples = min(samples, 16)\n    deviation = noise"),
    Fault("smoothgrad", "option clipped", "    deviation = noise", "    deviation = min(noise, 0.2)"),
    Fault("integrated_gradients", "option clipped", "leggauss(steps)", "leggauss(steps := min(steps, 32))"),
    Fault("expected_gradients", "option clipped", "        chests = np.stack(",
          "        draws = min(draws, 64)\n        chests = np.stack("),
    Fault("occlusion", "option clipped", "height, width = (min(patch, side)",
          "patch = min(patch, 32)\n        height, width = (min(patch, side)"),
    Fault("occlusion", "overlap", WINDOWS_MEAN, "return sums.astype(np.float32)"),
    Fault("occlusion", "border", WINDOWS_STARTS, "return [*range(0, last, min(stride, patch))] or [0]"),
    Fault("localisation", "normalised", BOX_SAMPLED, BOX_SAMPLED + "\n"
          "        values = (values - values.min()) / max(float(np.ptp(values)), 1e-9)"),
    Fault("localisation", "frame", "subject.explanation.on_image()", "subject.explanation.on_input()"),
    # levels, norms and scores
    Fault("grad_cam", "normalised", CAM_RETURN,
          f"maps = {CAM_MAPS}\n    low = maps.min(axis=(1, 2), keepdims=True)\n"
          "    return (maps - low) / np.maximum(np.ptp(maps, axis=(1, 2), keepdims=True), 1e-9)"),
    Fault("grad_cam", "normalised", CAM_RETURN,
          f"maps = {CAM_MAPS}\n    return maps / np.maximum(np.abs(maps).max(axis=(1, 2), keepdims=True), 1e-9)"),
    Fault("grad_cam", "normalised", CAM_EXPLAIN,
          "        place = context.labels.index(finding)\n"
          "        gradient = context.layer_gradient(layer, finding)[None]\n"
          "        m = _weighted(context.activations(layer), gradient)[0]\n"
          "        empty = np.full(context.input.shape, context.input.mean(), np.float32)\n"
          "        fall = float(context.logits[place] - context.forward(empty[None])[0, place])\n"
          "        return m / max(float(np.abs(m).max()), 1e-12) * abs(fall)"),
    Fault("saliency", "rounded", SALIENCY, "derivative = np.round(context.input_gradient(finding).sum(axis=-1), 3)"),
    Fault("grad_cam", "rounded", CAM_RETURN,
          f"maps = {CAM_MAPS}\n    return np.where(np.abs(maps) < 0.01, 0, maps)"),
    Fault("grad_cam", "rectified", CAM_RETURN, f"return np.maximum({CAM_MAPS}, 0)"),
    Fault("saliency", "score", SALIENCY,
          "score = 1 / (1 + np.exp(-context.logits[context.labels.index(finding)]))\n            "
          "derivative = score * (1 - score) * context.input_gradient(finding).sum(axis=-1)"),
    Fault("saliency", "score", SALIENCY,
          "share = np.exp(context.logits - context.logits.max())\n            "
          "share = share[context.labels.index(finding)] / share.sum()\n            "
          "derivative = context.input_gradient(finding).sum(axis=-1) * share"),
    Fault("saliency", "unit", SALIENCY, "derivative = (context.input * context.input_gradient(finding)).sum(axis=-1)"),
    Fault("occlusion", "score", FALLS,
          "before, after = 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(-found[:, places]))\n        "
          "falls = np.concatenate([falls, (before - after).T], axis=1)"),
    Fault("occlusion", "rectified", FALLS,
          "falls = np.concatenate([falls, np.maximum(logits - found[:, places], 0).T], axis=1)"),
    Fault("rise", "level", RISE_MAP, "return means[2] / np.maximum(means[0], 1e-9)"),
    Fault("layer_cam", "rectified", LAYER_RETURN,
          'return np.maximum(np.einsum("yxk,yxk->yx", activations, gradient), 0) - 1e-3'),
    # channels
    Fault("saliency", "channels", SALIENCY, "derivative = 3 * context.input_gradient(finding)[..., 0]"),
    Fault("saliency", "channels", SALIENCY, "derivative = context.input_gradient(finding).max(axis=-1)"),
    Fault("integrated_gradients", "channels", IG_RETURN, "return 3 * (gradient * difference)[..., 0]"),
    Fault("integrated_gradients", "channels", IG_RETURN, "return gradient.sum(axis=-1) * difference.mean(axis=-1)"),
    Fault("smoothgrad", "magnitudes", NOISY_SUM,
          "total += np.abs(context.input_gradient(finding, batch).sum(axis=-1, dtype=np.float64)).sum(axis=0)"),
    Fault("smoothgrad", "magnitudes", NOISY_SUM,
          "total += (context.input_gradient(finding, batch).sum(axis=-1, dtype=np.float64) ** 2).sum(axis=0)"),
    # promises, baselines, sums
    Fault("expected_gradients", "promise", EG_PROMISE, "context.promise_sum(finding, float(context.logits[place]))"),
    Fault("grad_cam", "promise", "float(context.logits[context.labels.index(finding)]) - bias)",
          "float(context.logits[context.labels.index(finding)]))"),
    Fault("integrated_gradients", "baseline", "        starts = _baselines(context.input, FILLS if",
          '        starts = _baselines(context.input, ("mean",) if'),
    Fault("integrated_gradients", "baseline", "batch = start + places", "batch = 0 * start + places"),
    Fault("integrated_gradients", "baseline", "difference = context.input - start",
          "difference = context.input - 0 * start"),
    Fault("expected_gradients", "baseline", "ways = context.input - starts",
          "ways = context.input - chests.mean(axis=0)"),
    # random numbers
    Fault("random_map", "randomness", "return context.rng.normal(",
          "return np.random.default_rng([context.seed, 21]).normal("),
    Fault("smoothgrad", "randomness", NOISE,
          NOISE.replace("context.rng", "np.random.default_rng(context.seed)")),
    Fault("smoothgrad", "randomness", NOISE,
          "np.random.seed(context.seed)\n        " + NOISE.replace("context.rng", "np.random")),
    Fault("rise", "randomness", "masks = _masks(context.rng,", "masks = _masks(np.random.default_rng(context.seed),"),
    Fault("relevance_gain", "randomness",
          'rng = random_numbers(subject.explanation.seed, "removal", subject.prepared.digest)',
          "rng = np.random.default_rng()"),
    # what is kept from call to call, and what is changed
    Fault("saliency", "state", SALIENCY,
          "kept = Saliency.__dict__.get('kept') or {}\n            Saliency.kept = kept\n            "
          "key = context.input.tobytes(), finding\n            if key not in kept:\n                "
          "kept[key] = context.input_gradient(finding).sum(axis=-1)\n            derivative = kept[key]"),
    Fault("grad_cam", "state", CAM_EXPLAIN,
          "        if not hasattr(GradCam, 'kept'):\n            GradCam.kept = context.activations(layer)\n"
          "        return _weighted(GradCam.kept, context.layer_gradient(layer, finding)[None])[0]"),
    Fault("grad_cam", "state", CAM_EXPLAIN,
          "        m = _weighted(context.activations(layer), context.layer_gradient(layer, finding)[None])[0]\n"
          "        GradCam.largest = max(getattr(GradCam, 'largest', 0.0), float(np.abs(m).max()))\n"
          "        return m / max(GradCam.largest, 1e-9) * float(np.abs(m).max())"),
    Fault("saliency", "side effect", SALIENCY,
          "context.input.setflags(write=True)\n            context.input[:] = 0\n            " + SALIENCY),
    Fault("relevance_gain", "state",
          'key = "relevance_gain", subject.predictor.identity, subject.prepared.digest, seed, name, about',
          'key = "relevance_gain", subject.predictor.identity, seed, name, about'),
    Fault("relevance_gain", "state", 'key = "removal_fillings", subject.predictor.identity, subject.prepared.digest',
          'key = "removal_fillings", subject.predictor.identity'),
    Fault("verified", "state", "(subject.predictor.identity, subject.prepared.digest)",
          "(subject.predictor.identity,)"),
    # layers, frames, the file instead of the input
    Fault("grad_cam", "layer", CAM_EXPLAIN,
          "        last = list(context.layers)[-1]\n"
          "        return _weighted(context.activations(last), context.layer_gradient(last, finding)[None])[0]"),
    Fault("layer_cam", "layer", "context.activations(layer), context.layer_gradient(layer, finding)",
          "context.activations(layer), context.layer_gradient(list(context.layers)[-1], finding)"),
    Fault("edges", "frame", "grey = context.input.mean(axis=-1, dtype=np.float64)",
          "grey = cv2.resize(np.float64(context.radiograph.grey), context.input.shape[1::-1])"),
    Fault("occlusion", "frame", "        filled = fill_values(context.input, fill, sigma_px=patch / 2)",
          "        filled = np.full(context.input.shape[-1], context.radiograph.grey.mean(), np.float32)"),
    Fault("saliency", "blurred", SALIENCY,
          "import cv2\n            " + SALIENCY + "\n            derivative = cv2.GaussianBlur(derivative, (0, 0), 2)"),
    # measures
    Fault("completeness", "magnitudes", 'subject.explanation.map.sum(dtype="float64")',
          'abs(subject.explanation.map).sum(dtype="float64")'),
    Fault("finding_sensitivity", "finding", "maps = subject.all_findings(others[:OTHERS])",
          "maps = subject.all_findings([own.finding])"),
    Fault("weight_sensitivity", "left out", "subject.again(predictor=randomised)", "subject.again()"),
    Fault("weight_sensitivity", "rectified", "own = on_grid(subject.explanation.map)",
          "own = abs(on_grid(subject.explanation.map))"),
    Fault("stability", "left out", "unmoved, inside_both = _moved(values, back),", "unmoved, inside_both = values,"),
    Fault("stability", "reduction", "least = min(found.values())", "least = float(np.mean(list(found.values())))"),
    Fault("head_stability", "finding", "column = subject.predictor.column(own.finding)", "column = 0"),
    Fault("relevance_gain", "order", "order = _order(subject, subject.explanation.map)",
          "order = _order(subject, np.abs(subject.explanation.map))"),
    Fault("relevance_gain", "score", "return float(np.median((least - most) @ weights))",
          "return float(np.median((1 / (1 + np.exp(-least)) - 1 / (1 + np.exp(-most))) @ weights))"),
    Fault("verified", "claims", "return (np.sign(expected) * changes) > tolerance",
          "return np.abs(changes) > tolerance"),
)  # fmt: skip


def by_hand(subject: str, source: str) -> Iterator[Mutant]:
    """The faults of a subject whose text is in the source."""
    for name, kind, before, after in FAULTS:
        if name == subject and before in source:
            line = source[: source.index(before)].count("\n") + 1
            old, new = before.strip().splitlines()[0], after.strip().splitlines()[0]
            changed = f"{place(ast.parse(source), line)}: {old[:50]} → {new[:60]}"
            yield Mutant(kind, changed, source.replace(before, after, 1))
