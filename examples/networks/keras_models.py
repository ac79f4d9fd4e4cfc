"""A whole Keras model, trained or not, for `--model`; no class is needed.

    python examples/networks/keras_models.py ResNet50 --out pneumonia
    python demo.py --model pneumonia/model.keras

`cxr-lens.json` beside it says what the outputs are and how the network wants its input. Train before saving.
"""

import argparse
import json
from pathlib import Path

import keras

INPUTS = {
    "ResNet50": {"rule": "resnet_v1", "size": 224},  # blue, green, red minus ImageNet's means
    "EfficientNetB0": {"rule": "0..255", "size": 224},  # its first layers rescale
    "MobileNetV2": {"rule": "-1..1", "size": 224},
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=list(INPUTS))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--labels", nargs="+", default=["Pneumonia"], metavar="NAME")
    given = parser.parse_args(arguments)
    keras.utils.set_random_seed(0)
    make = getattr(keras.applications, given.name)
    backbone = make(include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg")
    scores = keras.layers.Dense(len(given.labels), activation="sigmoid", name="scores")(backbone.output)
    given.out.mkdir(parents=True, exist_ok=True)
    keras.Model(backbone.input, scores).save(given.out / "model.keras")
    described = {"labels": given.labels, "input": INPUTS[given.name]}
    (given.out / "cxr-lens.json").write_text(json.dumps(described, indent=1) + "\n")


if __name__ == "__main__":
    main()
