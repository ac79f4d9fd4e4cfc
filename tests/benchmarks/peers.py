"""This project beside what a user could pick instead: python tests/benchmarks/peers.py [IMAGE] [--rounds N]

One run, one set of weights (the starter), one picture (a synthetic chest unless IMAGE is given), everything warmed up,
the jobs interleaved; medians, and their ratio to one plain compiled forward pass in Keras. Peers that are not installed
are left out: `pip install -e '.[bench]'`, and `pip install --no-deps xplique tf-keras-vis tf-explain` with what they
import, since their pins forbid this TensorFlow. How cost grows is told by `growth.py`. Not part of the test run.
"""

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

LAYER, FINDING = "conv5_block16_concat", "Effusion"
BATCH = 16
UNIT = "forward, 1: plain tf.function of Keras"
SHARES = 100, 50, 40, 30
"""Percent of the windows of occlusion that are computed."""

Jobs = dict[str, Callable[[], object]]


GFLOP = 5.66
"""Of a forward pass at 224 × 224 as DenseNet-121 is written; the rewritten one has fewer, and is credited with all."""


def seconds(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def there(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


class Bench:
    """The weights, the picture, and everything that is timed."""

    def __init__(self, image: str | None) -> None:
        import tensorflow as tf

        from cxr import Predictor, read_radiograph
        from cxr.phantom import phantom

        tf.keras.utils.disable_interactive_logging()
        self.tf = tf
        names = ["tensorflow", *(["onnxruntime"] if there("onnx", "onnxruntime") else [])]
        self.ours = {name: Predictor.load("starter", engine=name) for name in names}
        any_of_them = self.ours["tensorflow"]
        self.picture = read_radiograph(image) if image else phantom(seed=1, effusion=True).radiograph
        self.input = any_of_them.prepare(self.picture).array
        self.batch = np.stack([self.input + np.float32(0.01 * at) for at in range(BATCH)])
        self.place = any_of_them.config.findings[FINDING]
        self.model = any_of_them._passes.built()._model
        self.chosen = np.eye(len(any_of_them.labels), dtype=np.float32)[[self.place]]

    def jobs(self) -> Jobs:
        return {**self.forward(), **self.cams(), **self.gradients(), **self.occlusions()}

    def fresh(self) -> np.ndarray:
        """The input, changed a little, so that nothing is remembered from the round before."""
        return self.input + np.float32(1e-4 * np.random.default_rng().standard_normal())

    def forward(self) -> Jobs:
        compiled = self.tf.function(lambda batch: self.model(batch, training=False))
        jobs: Jobs = {}
        for count, batch in ((1, self.input[None]), (BATCH, self.batch)):
            tensor = self.tf.constant(batch)
            jobs[f"forward, {count}: plain tf.function of Keras"] = lambda tensor=tensor: compiled(tensor)
            for name, predictor in self.ours.items():
                run = predictor._engine.forward
                jobs[f"forward, {count}: ours on {name}"] = lambda run=run, batch=batch: run(batch)
            jobs |= self.directly(count, batch)
        return jobs

    def directly(self, count: int, batch: np.ndarray) -> Jobs:
        """ONNX Runtime and OpenVINO without anything around them, on the same graph."""
        if "onnxruntime" not in self.ours:
            return {}
        import onnxruntime

        channels_first = np.ascontiguousarray(np.moveaxis(batch, -1, 1))
        graph = self.graph(channels_first.shape)
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        jobs: Jobs = {f"forward, {count}: ONNX Runtime": lambda: session.run(None, {name: channels_first})}
        if there("openvino"):
            import openvino

            core = openvino.Core()
            settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
            request = core.compile_model(core.read_model(graph), "CPU", settings).create_infer_request()
            jobs[f"forward, {count}: OpenVINO"] = lambda: request.infer({0: channels_first})
        return jobs

    def graph(self, shape: tuple[int, ...]) -> bytes:
        from cxr.engine import graph, on_onnx

        seen = []
        library = on_onnx.OnnxRuntime()
        original = on_onnx._session
        on_onnx._session = lambda model, **_: seen.append(model.SerializeToString())
        try:
            net = self.ours["onnxruntime"]._engine._net
            library.compiled(partial(graph.whole, net), [shape], [np.float32])
        finally:
            on_onnx._session = original
        return seen[0]

    def cams(self) -> Jobs:
        from explainers import Context
        from explainers.builtin.grad_cam import GradCam

        def explained(predictor):
            changed = self.fresh()
            prepared = type("Prepared", (), {"array": changed})
            return GradCam().explain_findings(Context(predictor, self.picture, prepared), predictor.labels)

        jobs: Jobs = {
            f"scores and Grad-CAM of 14 findings: ours on {name}": lambda each=each: explained(each)
            for name, each in self.ours.items()
        }
        if there("xplique"):
            from xplique.attributions import GradCAM

            method = GradCAM(self.model, conv_layer=LAYER)
            jobs["Grad-CAM of one finding: xplique"] = lambda: method(self.fresh()[None], self.chosen)
        if there("tf_keras_vis"):
            from tf_keras_vis.gradcam import Gradcam

            keras_vis = Gradcam(self.model, clone=False)
            jobs["Grad-CAM of one finding: tf-keras-vis"] = lambda: keras_vis(
                lambda logits: logits[:, self.place], self.fresh()[None], penultimate_layer=LAYER,
                seek_penultimate_conv_layer=False,
            )  # fmt: skip
        if there("tf_explain"):
            from tf_explain.core.grad_cam import GradCAM as TfExplained

            jobs["Grad-CAM of one finding: tf-explain"] = lambda: TfExplained().explain(
                (self.fresh()[None], None), self.model, self.place, layer_name=LAYER, use_guided_grads=False
            )
        return jobs

    def gradients(self) -> Jobs:
        tf = self.tf

        @tf.function
        def plain(batch):
            with tf.GradientTape() as tape:
                tape.watch(batch)
                chosen = self.model(batch, training=False)[:, self.place]
            return tape.gradient(chosen, batch)

        jobs: Jobs = {"gradient of the input: plain tf.function of Keras": lambda: plain(tf.constant(self.input[None]))}
        for name, each in self.ours.items():
            jobs[f"gradient of the input: ours on {name}"] = lambda each=each: each.input_gradient(
                self.input[None], FINDING
            )
        if there("xplique"):
            from xplique.attributions import Saliency

            method = Saliency(self.model)
            jobs["gradient of the input: xplique"] = lambda: method(self.input[None], self.chosen)
        if there("tf_keras_vis"):
            from tf_keras_vis.saliency import Saliency as KerasVis

            saliency = KerasVis(self.model, clone=False)
            jobs["gradient of the input: tf-keras-vis"] = lambda: saliency(
                lambda logits: logits[:, self.place], self.input[None], normalize_map=False
            )
        if there("tf_explain"):
            from tf_explain.core.vanilla_gradients import VanillaGradients

            jobs["gradient of the input: tf-explain"] = lambda: VanillaGradients().explain(
                (self.input[None], None), self.model, self.place
            )
        return jobs

    def limit(self) -> Iterator[str]:
        """Achieved arithmetic against the best that this machine reaches, and how cost grows with the batch."""
        side = 2048
        left, right = (np.random.default_rng(at).standard_normal((side, side), np.float32) for at in range(2))
        best = max(2e-9 * side**3 / seconds(lambda: left @ right) for _ in range(5))
        yield f"a product of two {side} × {side} matrices: {best:.0f} GFLOP/s"
        for name, predictor in self.ours.items():
            run = predictor._engine.forward
            for count in (1, 8, 16):
                batch = self.batch[:count]
                run(batch)
                each = statistics.median(seconds(partial(run, batch)) for _ in range(5)) / count
                yield f"{name}, {count} at once: {each * 1e3:.0f} ms each, {GFLOP / each:.0f} GFLOP/s"

    def occlusions(self) -> Jobs:
        jobs: Jobs = {}
        for name, predictor in self.ours.items():
            for share in SHARES:
                part = "" if share == 100 else f", {share} % of the windows"
                jobs[f"occlusion 32/16 of 14 findings{part}: ours on {name}"] = (
                    lambda predictor=predictor, share=share: self.occluded(predictor, share)
                )
        if there("xplique"):
            from xplique.attributions import Occlusion

            method = Occlusion(self.model, batch_size=BATCH, patch_size=32, patch_stride=16, occlusion_value=0.0)
            jobs["occlusion 32/16 of one finding: xplique"] = lambda: method(self.input[None], self.chosen)
        if there("tf_explain"):
            from tf_explain.core.occlusion_sensitivity import OcclusionSensitivity

            jobs["occlusion 32/32, 49 windows, of one finding: tf-explain"] = lambda: OcclusionSensitivity(
                batch_size=BATCH
            ).explain((self.input[None], None), self.model, self.place, patch_size=32)
        return jobs

    def occluded(self, predictor, share: int = 100) -> np.ndarray:
        from explainers import Context
        from explainers.builtin.occlusion import Occlusion

        prepared = type("Prepared", (), {"array": self.input})
        return Occlusion().explain_findings(Context(predictor, self.picture, prepared), predictor.labels, share=share)

    def sameness(self) -> Iterator[str]:
        """Whether the jobs that are compared answer the same question."""
        from scipy.stats import spearmanr

        whole = {name: self.occluded(each) for name, each in self.ours.items()}
        maps = whole["tensorflow"]
        for name, predictor in self.ours.items():
            windows = np.array([(top, left, 32, 32) for top in range(0, 193, 48) for left in range(0, 193, 48)])
            hidden = np.stack([self.hidden(window) for window in windows])
            apart = np.abs(predictor.occluded(self.input, windows, 0.0) - self.ours["tensorflow"].forward(hidden)).max()
            yield f"largest difference of a logit under a window, in parts on {name} from whole passes: {apart:.1e}"
            for share in SHARES[1:]:
                part = self.occluded(predictor, share)
                ranks = [spearmanr(one.ravel(), other.ravel())[0] for one, other in zip(maps, part, strict=True)]
                yield f"{share} % of the windows on {name}: rank correlation with the full map from {min(ranks):.3f}"
        if there("xplique"):
            from xplique.attributions import Occlusion

            method = Occlusion(self.model, batch_size=BATCH, patch_size=32, patch_stride=16, occlusion_value=0.0)
            theirs = np.asarray(method(self.input[None], self.chosen))[0].reshape(224, 224)
            covered = np.array([1, *[2] * 12, 1])  # windows over each of the 14 cells of a side
            means = theirs[8::16, 8::16] / np.outer(covered, covered)
            ours = maps[self.ours["tensorflow"].labels.index(FINDING)]
            alike = np.corrcoef(means.ravel(), ours.ravel())[0, 1]
            yield f"occlusion, ours and xplique's sums divided by their counts: correlation {alike:.4f}"

    def same_maps(self) -> Iterator[str]:
        """Of Grad-CAM and of the gradient, ours and the others'."""
        import cv2

        plain = next(iter(self.ours.values()))._passes.built().input_gradient(self.input[None], self.place)[0]
        for name, each in self.ours.items():
            ours = each.input_gradient(self.input[None], FINDING)[0]
            apart = np.linalg.norm(ours - plain) / np.linalg.norm(plain)
            yield f"gradient of the input on {name}: {apart:.1e} of its length from Keras' own"
            logits = (
                each.forward(self.batch) - self.ours["tensorflow"]._passes.built().forward(self.batch)[:, each._columns]
            )
            yield f"largest difference of a logit on {name} from Keras' own: {np.abs(logits).max():.1e}"
        ours = self.ours["tensorflow"]
        activations = ours.activations(self.input[None], LAYER)[0]
        weights = ours.layer_gradient(self.input[None], LAYER, FINDING)[0].mean(axis=(0, 1))
        cells = np.maximum(activations @ weights, 0)
        if there("xplique"):
            from xplique.attributions import GradCAM

            theirs = np.asarray(GradCAM(self.model, conv_layer=LAYER)(self.input[None], self.chosen)).reshape(224, 224)
            enlarged = cv2.resize(cells, (224, 224), interpolation=cv2.INTER_CUBIC)
            yield f"Grad-CAM, ours and xplique's: correlation {np.corrcoef(enlarged.ravel(), theirs.ravel())[0, 1]:.4f}"
        if there("tf_keras_vis"):
            from tf_keras_vis.gradcam import Gradcam

            theirs = Gradcam(self.model, clone=False)(
                lambda logits: logits[:, self.place], self.input[None], penultimate_layer=LAYER,
                seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False,
            )  # fmt: skip
            alike = np.corrcoef(cells.ravel(), np.asarray(theirs).ravel())[0, 1]
            yield f"Grad-CAM, ours and tf-keras-vis's: correlation {alike:.4f}"

    def hidden(self, window: np.ndarray) -> np.ndarray:
        changed = self.input.copy()
        changed[window[0] : window[0] + window[2], window[1] : window[1] + window[3]] = 0
        return changed


RATIOS = [
    ("forward, 1: ours on onnxruntime", ("forward, 1: ONNX Runtime", "forward, 1: OpenVINO")),
    ("forward, 16: ours on onnxruntime", ("forward, 16: ONNX Runtime", "forward, 16: OpenVINO")),
    ("scores and Grad-CAM of 14 findings: ours on onnxruntime", ("forward, 1: plain tf.function of Keras",)),
    ("gradient of the input: ours on onnxruntime", ("gradient of the input: plain tf.function of Keras",)),
    ("gradient of the input: ours on tensorflow", ("gradient of the input: plain tf.function of Keras",)),
    ("occlusion 32/16 of 14 findings: ours on onnxruntime", ("occlusion 32/16 of one finding: xplique",)),
    ("occlusion 32/16 of 14 findings, 40 % of the windows: ours on onnxruntime",
     ("occlusion 32/16 of one finding: xplique",)),
]  # fmt: skip
"""What is promised of one job beside the best of others."""


def ratios(spent: dict[str, list[float]]) -> Iterator[str]:
    """Round by round, so that a busy minute of the machine is in both; the median, and the middle half."""
    for name, others in RATIOS:
        rivals = [spent[other] for other in others if other in spent]
        if name not in spent or not rivals:
            continue
        best = min(rivals, key=statistics.median)
        each = sorted(one / other for one, other in zip(spent[name], best, strict=False))
        low, middle, high = (each[int(share * (len(each) - 1))] for share in (0.25, 0.5, 0.75))
        what = " or ".join(others)
        yield f"{name} takes {middle:.2f} times [{low:.2f} to {high:.2f}] what {what} takes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?", help="a radiograph; default: a synthetic chest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="jobs whose names have this in them")
    given = parser.parse_args()
    bench = Bench(given.image)
    jobs = {name: job for name, job in bench.jobs().items() if given.only in name or name == UNIT}
    for job in jobs.values():
        job()
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(given.rounds):
        for name, job in jobs.items():
            for _ in range(1 if "occlusion" in name else 3):
                spent[name].append(seconds(job))
    unit = statistics.median(spent[UNIT])
    print(f"Unit: one plain forward pass, {unit * 1e3:.0f} ms; {os.cpu_count()} cores.\n")
    print("| job | median s | spread | forward passes |\n|---|---|---|---|")
    for name, each in spent.items():
        middle = statistics.median(each)
        print(f"| {name} | {middle:.3f} | {min(each):.3f} to {max(each):.3f} | {middle / unit:.2f} |")
    print()
    for line in (*bench.sameness(), *bench.same_maps(), *bench.limit(), *ratios(spent)):
        print(f"- {line}")


if __name__ == "__main__":
    main()
