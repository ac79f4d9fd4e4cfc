"""What the command line makes of a recipe."""

import pytest

from cxr.__main__ import _parser
from cxr.training.recipe import Distillation
from cxr.training.train_command import _recipe


@pytest.fixture
def recipe(tmp_path):
    """The recipe of a command with these options."""
    (tmp_path / "labels.csv").touch()
    given = [
        "train",
        "--labels",
        str(tmp_path / "labels.csv"),
        "--images",
        str(tmp_path),
        "--out",
        str(tmp_path / "net"),
    ]
    (tmp_path / "soft.npz").touch()
    (tmp_path / "recipe.json").write_text(
        '{"stages": [{"size": 64, "epochs": 1, "learning_rate": 0.001}], "distillation": '
        '{"weight": 0.4, "temperature": 3}}'
    )
    files = {"SOFT": str(tmp_path / "soft.npz"), "RECIPE": str(tmp_path / "recipe.json")}

    def made(*options: str):
        parsed = _parser().parse_args([*given, *(files.get(option, option) for option in options)])
        return parsed, _recipe(parsed)

    return made


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), None),
        (("--teacher", "starter"), Distillation()),
        (("--soft-labels", "SOFT"), Distillation()),
        (("--teacher", "starter", "--soft-weight", "0"), Distillation(weight=0.0)),
        (("--teacher", "a", "--teacher", "b", "--temperature", "2"), Distillation(temperature=2.0)),
        (("--recipe", "RECIPE"), Distillation(0.4, 3.0)),
        (("--recipe", "RECIPE", "--feature-weight", "0.5"), Distillation(0.4, 3.0, 0.5)),
    ],
)
def test_options_of_distillation_stand_above_the_recipe_s(recipe, options, expected):
    assert recipe(*options)[1].distillation == expected


def test_a_fold_is_a_number_of_how_many(recipe, capsys):
    assert recipe("--fold", "2/5")[0].fold == (2, 5)
    with pytest.raises(SystemExit):
        recipe("--fold", "two of five")
    assert "is not a fold" in capsys.readouterr().err
