"""The recipe of a training run, as it is written into the checkpoint's provenance."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cxr.training.augmentation import Augmentation
from cxr.training.errors import TrainingError

Trainable = Literal["head", "all"]
HIGHEST_TEMPERATURE = 100.0
"""Above this temperature all probabilities are one half in float32."""

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Stage:
    """Epochs at one size of the input, with their own optimiser.

    size           side of the input in pixels
    learning_rate  the highest one, after the warm-up; it then falls along a cosine to 1 %
    trainable      "head": the output layer alone; "all": the whole network
    """

    size: int
    epochs: int
    learning_rate: float
    batch: int = 32
    trainable: Trainable = "all"

    def __post_init__(self) -> None:
        if self.size < 32 or self.epochs < 1 or self.batch < 1 or self.learning_rate <= 0:
            raise TrainingError(f"{self} can't be run.", "A size of at least 32, and numbers above zero, are needed.")


@dataclass(frozen=True)
class Distillation:
    """How a network learns from other networks' outputs beside the labels (Hinton et al. 2015).

    weight       share of the soft loss; the loss of the labels has the rest: 0 for labels alone, 1 for none of them
    temperature  T: the soft loss is T² times the cross-entropy between σ(z / T) of teacher and student, summed over
                 the findings. The higher, the more the logits themselves are followed
    features     weight of 1 − cosine between the teacher's features at the last layer and the student's, led through
                 a linear layer that is trained too; 0 for none. From checkpoints of this project alone
    """

    weight: float = 0.7
    temperature: float = 1.0
    features: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise TrainingError(f"{self.weight} is not a weight of the soft loss.", "Give 0 to 1.")
        if not 0 < self.temperature <= HIGHEST_TEMPERATURE:
            raise TrainingError(
                f"{self.temperature} is not a temperature.",
                f"Above 0, at most {HIGHEST_TEMPERATURE:.0f}; 1 to 4 is usual.",
            )
        if not 0 <= self.features < float("inf"):
            raise TrainingError(f"{self.features} is not a weight of the features.", "Give 0 or more.")


@dataclass(frozen=True)
class Recipe:
    """Everything that a run depends on, except the data and the starting weights.

    stages         in order
    size           side of the trained network's input; where the last stage's is smaller, the norms' statistics at
                   least are measured at this one (Touvron et al. 2019)
    detail         side to which all pictures are averaged first (rule `samplewise`)
    without_finding  share of an epoch's pictures that show none of the findings, drawn again for each; validation,
                   by which the best weights are chosen, is weighed to it. None for both tables as they are. Where most
                   pictures have no finding, a network learns to tell sick from healthy, and not finding from finding
    evened         how far the findings' weights in the loss are made equal, 0 to 1 (`ClassWeights.evened`)
    weight_decay   of AdamW
    warm_up        share of a stage's steps over which the learning rate rises
    averaging      momentum of the running average of the weights, which is what is measured and kept; 0 for none
    norm_pictures  training pictures over which the batch norms' statistics are measured again at the end, with the
                   averaged weights and at the network's size (Izmailov et al. 2018); 0 for not at all
    heads          output layers fitted on resampled patients (`cxr.training.heads`); 0 for none
    distillation   how teachers are followed, None where there are none
    """

    stages: tuple[Stage, ...]
    size: int = 224
    detail: int = 128
    augmentation: Augmentation = field(default_factory=Augmentation)
    mixup: float = 0.2
    without_finding: float | None = None
    evened: float = 0.5
    weight_decay: float = 0.05
    warm_up: float = 0.1
    averaging: float = 0.999
    norm_pictures: int = 2048
    heads: int = 20
    precision: str = "float32"
    seed: int = 0
    distillation: Distillation | None = None

    def __post_init__(self) -> None:
        if not self.stages:
            raise TrainingError("A recipe needs at least one stage.")
        if self.precision not in PRECISIONS:
            raise TrainingError(f"There is no precision {self.precision!r}.", f"Choose from {', '.join(PRECISIONS)}.")
        if self.without_finding is not None and not 0 <= self.without_finding < 1:
            raise TrainingError(
                f"{self.without_finding} is not a share of pictures without a finding.",
                "Give a number from 0 to below 1, or null.",
            )

    @property
    def epochs(self) -> int:
        """Of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        """As `config.json` and the record of a run hold it."""
        return asdict(self) | {"stages": [asdict(stage) for stage in self.stages]}

    @classmethod
    def read(cls, file: Path) -> "Recipe":
        """The recipe in a JSON file. Raises TrainingError for a file that holds none."""
        try:
            raw = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise TrainingError(f"{file.name} can't be read as a recipe: {type(error).__name__}.") from error
        if not isinstance(raw, Mapping):
            raise TrainingError(f"{file.name} is not a JSON object.", "Copy `training.recipe` of a config.json.")
        return cls.from_json(raw)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_json` wrote, or a part of one. Raises TrainingError for an unknown field."""
        try:
            stages = tuple(Stage(**stage) for stage in raw["stages"])
            augmentation = Augmentation(**raw.get("augmentation", {}))
            distillation = Distillation(**raw["distillation"]) if raw.get("distillation") else None
            return cls(**{**raw, "stages": stages, "augmentation": augmentation, "distillation": distillation})
        except (KeyError, TypeError) as error:
            raise TrainingError(f"This is not a recipe: {error}.", "See `training.recipe` in a config.json.") from error


def default_recipe(*, pretrained: bool) -> Recipe:
    """Pretrained weights: first the head, then everything. Random ones: more epochs, most at half the size."""
    if pretrained:
        return Recipe((Stage(112, 1, 1e-3, trainable="head"), Stage(112, 6, 5e-4), Stage(224, 2, 1e-4)))
    return Recipe((Stage(112, 24, 2e-3), Stage(224, 4, 3e-4)))


def shortened(recipe: Recipe, *, epochs: int | None, size: int | None, batch: int | None) -> Recipe:
    """A recipe with the command line's epochs and sizes, spread over the stages as before, and its batch size."""
    stages = recipe.stages
    if epochs is not None:
        share = epochs / recipe.epochs
        stages = tuple(replace(stage, epochs=max(1, round(stage.epochs * share))) for stage in stages)
    if size is not None:
        share = size / recipe.size
        stages = tuple(replace(stage, size=max(32, 16 * round(stage.size * share / 16))) for stage in stages)
        recipe = replace(recipe, size=size)
    if batch is not None:
        stages = tuple(replace(stage, batch=batch) for stage in stages)
    return replace(recipe, stages=stages)
