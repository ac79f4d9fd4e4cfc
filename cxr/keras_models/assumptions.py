"""What is assumed of a whole Keras model where nobody says it: names of outputs, input rule. Each is said in a note."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxr.keras_models.description import objects

OWN_SCALING = ("Rescaling", "Normalization")
ARITHMETIC = ("TrueDivide", "Divide", "Subtract", "Multiply", "GetItem", "TFOpLambda")
FIRST_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "PatchEmbedding", "Dense")

FAMILIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("resnet50v2", "resnet101v2", "resnet152v2", "mobilenet", "xception", "inception", "nasnet"), "-1..1"),
    (("resnet", "vgg"), "resnet_v1"),
    (("densenet",), "resize_imagenet"),
    (("efficientnet", "convnext"), "0..255"),
)
"""How names of Keras' applications begin, and the rule of their `preprocess_input`; the first that fits counts."""

OTHERWISE = "0..1"


def assumed_rule(described: Mapping[str, Any]) -> tuple[str, str]:
    """(input rule, why) of a model's description."""
    for each in objects(described):
        kind = str(each["class_name"])
        if kind in FIRST_CONVOLUTIONS:
            break
        if kind in OWN_SCALING or kind in ARITHMETIC:
            return "0..255", f"since the model scales its input itself ({kind})"
    settings = (each.get("config") for each in objects(described))
    names = [str(each["name"]).lower() for each in settings if isinstance(each, Mapping) and "name" in each]
    for name in names:
        for beginnings, rule in FAMILIES:
            if name.startswith(beginnings):
                return rule, f"as Keras' application {name!r} expects"
    return OTHERWISE, "since nothing in the model says otherwise"


def assumed_labels(outputs: int) -> list[str]:
    """Names for outputs that nobody named."""
    return ["Output 1"] if outputs == 1 else [f"Output {number}" for number in range(1, outputs + 1)]


def notes(raw: Mapping[str, Any], assumed: Mapping[str, str], own: Sequence[str]) -> tuple[str, ...]:
    """Sentences on what was assumed.

    raw      the completed configuration
    assumed  {field that was not stated: why it has the value that it has}
    own      the model's own layers of preparation
    """
    found = []
    if "input" in assumed:
        rule = raw["input"]["rule"]
        found.append(
            f"The input rule was not stated: {rule!r} is assumed, {assumed['input']}. A wrong rule gives wrong scores: "
            "state it with --input, or in cxr-lens.json beside the model."
        )
    if "labels" in assumed:
        found.append("The outputs have no names: state them in their order with --labels, or in cxr-lens.json.")
    if own and raw["input"]["rule"] != "0..255":
        found.append(
            f"The model scales its input itself ({', '.join(own)}), and the rule {raw['input']['rule']!r} does so too: "
            "the usual rule before such a layer is '0..255'."
        )
    return tuple(found)


def own_scaling(described: Mapping[str, Any]) -> list[str]:
    """Names of the layers that scale the input inside the model, before its first convolution."""
    found = []
    for each in objects(described):
        if each["class_name"] in FIRST_CONVOLUTIONS:
            break
        if each["class_name"] in OWN_SCALING:
            settings = each.get("config")
            found.append(str(settings.get("name") if isinstance(settings, Mapping) else each["class_name"]))
    return found
