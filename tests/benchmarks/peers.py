"""This project beside what a user could pick instead: python tests/benchmarks/peers.py [IMAGE] [--rounds N]

One run, one set of weights (the starter), one picture (a synthetic chest unless IMAGE is given), everything warmed up,
the jobs interleaved; medians, and their ratio to one plain compiled forward pass in Keras. Peers that are not installed
are left out: `pip install -e '.[bench]'`, and `pip install --no-deps xplique tf-keras-vis` with what they import, since
their pins forbid this TensorFlow. Not part of the test run.
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

        self.tf = tf
        names = ["tensorflow", *(["onnxruntime"] if there("onnx", "onnxruntime") else [])]
        self.ours = {name: Predictor.load("starter", engine=name) for name in names}
        any_of_them = self.ours["tensorflow"]
        self.picture = read_radiograph(image) if image else phantom(seed=1, effusion=True).radiograph
        self.input = any_of_them.prepare(self.picture).array
        self.batch = np.stack([self.input + np.float32(0.01 * at) for at in range(BATCH)])
        self.place = any_of_them.config.findings[FINDING]
        self.model = any_of_them._built()._model
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
        from cxr.engine import on_onnx, pieces

        seen = []
        library = on_onnx.OnnxRuntime()
        original = on_onnx._session
        on_onnx._session = lambda model, **_: seen.append(model.SerializeToString())
        try:
            net = self.ours["onnxruntime"]._engine._net
            library.compiled(partial(pieces.whole, net), [shape], [np.float32])
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
        ours = self.ours["tensorflow"]
        jobs["gradient of the input: ours"] = lambda: ours.input_gradient(self.input[None], FINDING)
        if there("xplique"):
            from xplique.attributions import Saliency

            method = Saliency(self.model)
            jobs["gradient of the input: xplique"] = lambda: method(self.input[None], self.chosen)
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
            for share in (100, 50, 30):
                part = "" if share == 100 else f", {share} % of the windows"
                jobs[f"occlusion 32/16 of 14 findings{part}: ours on {name}"] = (
                    lambda predictor=predictor, share=share: self.occluded(predictor, share)
                )
        if there("xplique"):
            from xplique.attributions import Occlusion

            method = Occlusion(self.model, batch_size=BATCH, patch_size=32, patch_stride=16, occlusion_value=0.0)
            jobs["occlusion 32/16 of one finding: xplique"] = lambda: method(self.input[None], self.chosen)
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
            for share in (50, 30):
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

    def hidden(self, window: np.ndarray) -> np.ndarray:
        changed = self.input.copy()
        changed[window[0] : window[0] + window[2], window[1] : window[1] + window[3]] = 0
        return changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?", help="a radiograph; default: a synthetic chest")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    bench = Bench(given.image)
    jobs = bench.jobs()
    for job in jobs.values():
        job()
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(given.rounds):
        for name, job in jobs.items():
            for _ in range(1 if "occlusion" in name else 3):
                spent[name].append(seconds(job))
    unit = statistics.median(spent["forward, 1: plain tf.function of Keras"])
    print(f"Unit: one plain forward pass, {unit * 1e3:.0f} ms; {os.cpu_count()} cores.\n")
    print("| job | median s | spread | forward passes |\n|---|---|---|---|")
    for name, each in spent.items():
        middle = statistics.median(each)
        print(f"| {name} | {middle:.3f} | {min(each):.3f} to {max(each):.3f} | {middle / unit:.2f} |")
    print()
    for line in (*bench.sameness(), *bench.limit()):
        print(f"- {line}")


if __name__ == "__main__":
    main()
