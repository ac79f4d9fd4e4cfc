"""What `peers.py` times: this project's jobs and those of other libraries, on the same weights and the same picture."""

import importlib.util
from collections.abc import Callable
from functools import partial

import numpy as np

LAYER, FINDING = "conv5_block16_concat", "Effusion"
BATCH = 16
UNIT = "forward, 1: plain tf.function of Keras"
SHARES = 100, 50, 40, 30
"""Percent of the windows of occlusion that are computed."""

Jobs = dict[str, Callable[[], object]]


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

    def hidden(self, window: np.ndarray) -> np.ndarray:
        changed = self.input.copy()
        changed[window[0] : window[0] + window[2], window[1] : window[1] + window[3]] = 0
        return changed
