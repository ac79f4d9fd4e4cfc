"""What a row of a benchmark says: one for each explainer and target."""

from collections.abc import Mapping
from typing import Any

from explainers.removal import FILLS

TEXTS = ("label", "image", "patient", "finding", "box", "failed")
"""`failed`: why there are no figures; None where there are."""

FLAGS = ("pointing", "pointing_tolerant", "abstains", "cap_pointing")
FIGURES = (
    "pointing", "pointing_tolerant", "mass", "area", "iou_top", "iou_equal_area", "iobb_top", "pixel_auc", "abstains",
    "cap_pointing", "cap_iou", "relevance_gain", *(f"removal_{fill}" for fill in FILLS), "stability", "confirmed",
    "false_claims", "fill_dependent", "seconds", "forward", "backward",
)  # fmt: skip
"""None where a figure was not measured."""

Row = dict[str, Any]
Key = tuple[str, str, str, str]


def key_of(row: Mapping[str, Any]) -> Key:
    """Which explainer on which target."""
    return row["label"], row["image"], row["finding"], row["box"]
