"""Maps beside those of captum and pytorch-grad-cam on the same networks: python tests/benchmarks/other_libraries.py

Needs torch, torchvision, captum and grad-cam. Each network has random weights of a fixed seed and explains one phantom.
Those of Keras are computed here by TensorFlow, and the same file is read again with Keras on PyTorch in a process of
its own, where the other libraries explain it. Each row states the largest difference as a share of the map's range; up
to 1e-4 counts as equal. Not part of the test run.
"""

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"
EQUAL = 1e-4
FINDING = 0
STEPS, PATCH, STRIDE = 16, 32, 16
EXPLAINERS: Mapping[str, Mapping[str, Any]] = {
    "grad_cam": {},
    "grad_cam_plus_plus": {},
    "saliency": {},
    "integrated_gradients": {"baseline": "mean", "steps": STEPS},
    "occlusion": {"patch": PATCH, "stride": STRIDE, "fill": "mean"},
}
KERAS = {"ResNet50": "conv5_block3_out", "EfficientNetB0": "top_activation", "keras_vit": "block4_attention_add"}
TORCH = {"torchvision_densenet121": "features.denseblock4", "torchvision_vit": "encoder.layers.encoder_layer_11.ln_1"}
TOKENS = {"keras_vit": (0, 14, 14), "torchvision_vit": (1, 14, 14)}
"""Tokens before those of the picture, rows and columns."""


def ours(folder: Path) -> None:
    """Write every network's input and our maps to `folder/NAME.npz`."""
    from cxr.phantom import phantom
    from explainers import load_network

    radiograph = phantom(seed=1, size=512, effusion=True).radiograph
    for name, layer in (KERAS | TORCH).items():
        if name in KERAS:
            write_keras(name, folder / name)
        source = folder / name / "model.keras" if name in KERAS else NETWORKS / f"{name}.py"
        predictor = load_network(str(source))
        maps = our_maps(predictor, radiograph, layer)
        np.savez(folder / f"{name}.npz", input=predictor.prepare(radiograph).array, layer=layer, **maps)


def write_keras(name: str, out: Path) -> None:
    """The example's file, with norms that do something."""
    if name == "keras_vit":
        runpy.run_path(str(NETWORKS / "keras_vit.py"))["write"](out)
        return
    given = [name, "--out", str(out), "--labels", "Pneumonia", "Effusion"]
    runpy.run_path(str(NETWORKS / "keras_models.py"))["main"](given)
    with_random_norms(out / "model.keras")


def with_random_norms(file: Path) -> None:
    """Give the file's batch norms scales, shifts and statistics other than 1 and 0, and a head of visible size."""
    import keras

    model, rng = keras.saving.load_model(file), np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    model.save(file)


def our_maps(predictor: Any, radiograph: Any, layer: str) -> dict[str, np.ndarray]:
    from explainers import compare
    from explainers.running.comparison import Finished

    options = {name: dict(given) for name, given in EXPLAINERS.items()}
    for name in ("grad_cam", "grad_cam_plus_plus"):
        options[name]["layer"] = layer
    events = compare(predictor, radiograph, predictor.labels[FINDING], list(options), options=options)
    found = [event for event in events if hasattr(event, "explanation") or hasattr(event, "reason")]
    if failed := [event for event in found if not isinstance(event, Finished)]:
        raise SystemExit(f"{predictor.identity.name}: {failed}")
    return {event.explanation.explainer: event.explanation.map for event in found}


def theirs(folder: Path) -> None:
    """Write the other libraries' maps to `folder/NAME-theirs.npz`; Keras runs on PyTorch here."""
    import torch

    for name in KERAS | TORCH:
        given = np.load(folder / f"{name}.npz")
        net, layer = keras_split(folder / name / "model.keras", str(given["layer"])) if name in KERAS else plain(name)
        pixels = torch.from_numpy(given["input"][None]).permute(0, 3, 1, 2).contiguous()
        np.savez(folder / f"{name}-theirs.npz", **their_maps(net, layer, pixels, TOKENS.get(name)))


def plain(name: str) -> tuple[Any, Any]:
    """(the module of an example, its layer)."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, NETWORKS / f"{name}.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    net = example.cxr_lens_networks()[0]().net.requires_grad_(True)  # pytorch-grad-cam needs parameters that learn
    return net, net.get_submodule(TORCH[name])


def keras_split(file: Path, layer: str) -> tuple[Any, Any]:
    """(a PyTorch module of a Keras file's logits, its part up to the layer, which a hook can find)."""
    import keras
    from torch import nn

    model = keras.saving.load_model(file)
    model.layers[-1].activation = keras.activations.linear
    middle = model.get_layer(layer).output
    head, tail = keras.Model(model.input, middle), keras.Model(middle, model.output)

    tokens = len(middle.shape) == 3

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = head

        def forward(self, pixels: Any) -> Any:
            maps = self.part(pixels.permute(0, 2, 3, 1))
            return maps if tokens else maps.permute(0, 3, 1, 2)

    class Split(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.tail = Head(), tail

        def forward(self, pixels: Any) -> Any:
            maps = self.head(pixels)
            return self.tail(maps if tokens else maps.permute(0, 2, 3, 1))

    net = Split()
    return net, net.head


def their_maps(net: Any, layer: Any, pixels: Any, tokens: tuple[int, int, int] | None) -> dict[str, np.ndarray]:
    """{"explainer, library": map}; pictures `(1, c, h, w)`."""
    from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency

    mean = pixels.mean((2, 3), keepdim=True)
    channels = pixels.shape[1]
    found = {
        "saliency, captum": Saliency(net).attribute(pixels.clone().requires_grad_(), FINDING, abs=False),
        "integrated_gradients, captum": IntegratedGradients(net).attribute(
            pixels, mean.expand_as(pixels), FINDING, n_steps=STEPS, method="gausslegendre", internal_batch_size=4
        ),
        "occlusion, captum": Occlusion(net).attribute(
            pixels, (channels, PATCH, PATCH), (channels, STRIDE, STRIDE), mean.expand_as(pixels), FINDING,
            perturbations_per_eval=8,
        )[:, :1],
    }  # fmt: skip
    if tokens is None:  # of tokens captum takes the axis of tokens for channels
        found["grad_cam, captum"] = LayerGradCam(net, layer).attribute(pixels, FINDING)
    maps = {name: each.detach().numpy()[0].sum(0) for name, each in found.items()}
    return maps | class_activation_maps(net, layer, pixels, tokens)


def class_activation_maps(
    net: Any, layer: Any, pixels: Any, tokens: tuple[int, int, int] | None
) -> dict[str, np.ndarray]:
    """pytorch-grad-cam's maps before they are rectified and scaled."""
    from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def on_grid(given: Any) -> Any:
        special, *grid = tokens
        return given[:, special:].reshape(len(given), *grid, -1).permute(0, 3, 1, 2)

    reshape: Callable | None = on_grid if tokens else None
    maps = {}
    for name, method in (("grad_cam", GradCAM), ("grad_cam_plus_plus", GradCAMPlusPlus)):
        with method(net, [layer], reshape) as cam:
            targets = [ClassifierOutputTarget(FINDING)]
            cam(pixels, targets)
            activations, gradients = (
                each[0].detach().numpy()
                for each in (cam.activations_and_grads.activations, cam.activations_and_grads.gradients)
            )
            maps[f"{name}, pytorch-grad-cam"] = cam.get_cam_image(pixels, layer, targets, activations, gradients)[0]
            maps["activations"], maps["gradients"] = activations[0], gradients[0]
    return maps


def compared(folder: Path) -> list[dict[str, Any]]:
    """A row for each network, explainer and library."""
    rows = []
    for name in KERAS | TORCH:
        mine, others = (np.load(folder / f"{name}{end}.npz") for end in ("", "-theirs"))
        for pair in (each for each in others.files if "," in each):
            explainer, library = pair.split(", ")
            rows.append({"network": name, "explainer": explainer, "library": library})
            rows[-1]["difference"] = difference(mine[explainer], others[pair])
            if explainer == "grad_cam_plus_plus":
                same = with_their_constant(others["activations"], others["gradients"])
                rows[-1]["with its constant"] = difference(same, others[pair])
    return rows


def difference(mine: np.ndarray, other: np.ndarray) -> float:
    """Largest difference as a share of the range; ours on cells, repeated to the other's pixels."""
    factors = np.array(other.shape) // mine.shape
    mine = np.kron(mine, np.ones(factors))
    return float(np.abs(mine - other).max() / np.ptp(mine))


def with_their_constant(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Our Grad-CAM++ with the 1e-6 that pytorch-grad-cam adds below the line of α, and without rectified activations.

    Gradients of 1e-3 have squares of 1e-6: the constant halves their α.
    """
    activations, gradients = (each.astype(np.float64) for each in (activations, gradients))
    below = 2 * gradients**2 + gradients**3 * activations.sum((1, 2), keepdims=True) + 1e-6
    weights = (gradients**2 / below * np.maximum(gradients, 0)).sum((1, 2))
    return np.einsum("k,kyx->yx", weights, activations)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where maps are kept; default: a temporary folder")
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.theirs:
        theirs(given.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        ours(folder)
        command = [sys.executable, __file__, "--theirs", "--folder", str(folder)]
        subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"})
        for row in compared(folder):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
