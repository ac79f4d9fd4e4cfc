"""What is assumed of a model's input, from its description alone."""

import pytest

from cxr.keras_models.assumptions import assumed_rule, notes, own_scaling


def described(*layers: tuple[str, str], name: str = "model") -> dict:
    inside = [{"class_name": kind, "config": {"name": each}} for kind, each in layers]
    return {"class_name": "Functional", "config": {"name": name, "layers": inside}}


@pytest.mark.parametrize(("model", "rule"), [
    (described(("Conv2D", "conv1"), name="resnet50"), "resnet_v1"),
    (described(("Conv2D", "conv1"), name="resnet50v2"), "-1..1"),
    (described(("Conv2D", "conv1"), name="mobilenetv2_1.00_224"), "-1..1"),
    (described(("Conv2D", "conv1"), name="densenet121"), "resize_imagenet"),
    (described(("Rescaling", "rescaling"), ("Conv2D", "stem"), name="efficientnetb0"), "0..255"),
    (described(("TrueDivide", "true_divide"), ("Conv2D", "a"), name="mine"), "0..255"),
    (described(("Conv2D", "a"), name="mine"), "0..1"),
    (described(("Conv2D", "a"), ("Rescaling", "late"), name="mine"), "0..1"),
])  # fmt: skip
def test_the_rule_follows_from_the_layers_and_the_familys_name(model, rule):
    assert assumed_rule(model)[0] == rule


def test_a_rule_beside_the_models_own_scaling_is_said():
    model = described(("Rescaling", "rescaling"), ("Conv2D", "a"))
    (sentence,) = notes({"input": {"rule": "0..1"}}, {}, own_scaling(model))
    assert sentence.startswith("The model scales its input itself (rescaling), and the rule '0..1' does so too")
    assert notes({"input": {"rule": "0..255"}}, {}, own_scaling(model)) == ()
