"""Whether the jobs that `peers.py` compares answer the same question, and how near they are to the machine's limit."""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from peer_jobs import BATCH, FINDING, LAYER, SHARES, Bench, there

GFLOP = 5.66
"""Of a forward pass at 224 × 224 as DenseNet-121 is written; the rewritten one has fewer, and is credited with all."""


def seconds(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def sameness(bench: Bench) -> Iterator[str]:
    """Whether the jobs that are compared answer the same question."""
    from scipy.stats import spearmanr

    whole = {name: bench.occluded(each) for name, each in bench.ours.items()}
    maps = whole["tensorflow"]
    for name, predictor in bench.ours.items():
        windows = np.array([(top, left, 32, 32) for top in range(0, 193, 48) for left in range(0, 193, 48)])
        hidden = np.stack([bench.hidden(window) for window in windows])
        apart = np.abs(predictor.occluded(bench.input, windows, 0.0) - bench.ours["tensorflow"].forward(hidden)).max()
        yield f"largest difference of a logit under a window, in parts on {name} from whole passes: {apart:.1e}"
        for share in SHARES[1:]:
            part = bench.occluded(predictor, share)
            ranks = [spearmanr(one.ravel(), other.ravel())[0] for one, other in zip(maps, part, strict=True)]
            yield f"{share} % of the windows on {name}: rank correlation with the full map from {min(ranks):.3f}"
    if there("xplique"):
        from xplique.attributions import Occlusion

        method = Occlusion(bench.model, batch_size=BATCH, patch_size=32, patch_stride=16, occlusion_value=0.0)
        theirs = np.asarray(method(bench.input[None], bench.chosen))[0].reshape(224, 224)
        covered = np.array([1, *[2] * 12, 1])  # windows over each of the 14 cells of a side
        means = theirs[8::16, 8::16] / np.outer(covered, covered)
        ours = maps[bench.ours["tensorflow"].labels.index(FINDING)]
        alike = np.corrcoef(means.ravel(), ours.ravel())[0, 1]
        yield f"occlusion, ours and xplique's sums divided by their counts: correlation {alike:.4f}"


def same_maps(bench: Bench) -> Iterator[str]:
    """Of Grad-CAM and of the gradient, ours and the others'."""
    import cv2

    plain = next(iter(bench.ours.values()))._passes.built().input_gradient(bench.input[None], bench.place)[0]
    for name, each in bench.ours.items():
        ours = each.input_gradient(bench.input[None], FINDING)[0]
        apart = np.linalg.norm(ours - plain) / np.linalg.norm(plain)
        yield f"gradient of the input on {name}: {apart:.1e} of its length from Keras' own"
        logits = (
            each.forward(bench.batch) - bench.ours["tensorflow"]._passes.built().forward(bench.batch)[:, each._columns]
        )
        yield f"largest difference of a logit on {name} from Keras' own: {np.abs(logits).max():.1e}"
    ours = bench.ours["tensorflow"]
    activations = ours.activations(bench.input[None], LAYER)[0]
    weights = ours.layer_gradient(bench.input[None], LAYER, FINDING)[0].mean(axis=(0, 1))
    cells = np.maximum(activations @ weights, 0)
    if there("xplique"):
        from xplique.attributions import GradCAM

        theirs = np.asarray(GradCAM(bench.model, conv_layer=LAYER)(bench.input[None], bench.chosen)).reshape(224, 224)
        enlarged = cv2.resize(cells, (224, 224), interpolation=cv2.INTER_CUBIC)
        yield f"Grad-CAM, ours and xplique's: correlation {np.corrcoef(enlarged.ravel(), theirs.ravel())[0, 1]:.4f}"
    if there("tf_keras_vis"):
        from tf_keras_vis.gradcam import Gradcam

        theirs = Gradcam(bench.model, clone=False)(
            lambda logits: logits[:, bench.place], bench.input[None], penultimate_layer=LAYER,
            seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False,
        )  # fmt: skip
        alike = np.corrcoef(cells.ravel(), np.asarray(theirs).ravel())[0, 1]
        yield f"Grad-CAM, ours and tf-keras-vis's: correlation {alike:.4f}"


def limit(bench: Bench) -> Iterator[str]:
    """Achieved arithmetic against the best that this machine reaches, and how cost grows with the batch."""
    side = 2048
    left, right = (np.random.default_rng(at).standard_normal((side, side), np.float32) for at in range(2))
    best = max(2e-9 * side**3 / seconds(lambda: left @ right) for _ in range(5))
    yield f"a product of two {side} × {side} matrices: {best:.0f} GFLOP/s"
    for name, predictor in bench.ours.items():
        run = predictor._engine.forward
        for count in (1, 8, 16):
            batch = bench.batch[:count]
            run(batch)
            each = statistics.median(seconds(partial(run, batch)) for _ in range(5)) / count
            yield f"{name}, {count} at once: {each * 1e3:.0f} ms each, {GFLOP / each:.0f} GFLOP/s"
