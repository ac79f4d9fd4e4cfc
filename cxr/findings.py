"""The 14 findings of NIH ChestX-ray14: their names, the orders in which networks put them out, one plain line on each.

A finding is spelled as NIH spells it (`Pleural_Thickening`). The order of a network's outputs is data of its
checkpoint and never deduced: the orders here are what a checkpoint's configuration may refer to.
"""

from collections.abc import Sequence

from cxr.errors import FindingError
from hub.errors import names_hint

DESCRIPTIONS: dict[str, str] = {
    "Atelectasis": "A part of the lung has lost its air and collapsed.",
    "Cardiomegaly": "The heart's shadow is wider than usual.",
    "Effusion": "Fluid between the lung and the chest wall.",
    "Infiltration": "A hazy patch in the lung; an unspecific term of older reports.",
    "Mass": "A rounded shadow of more than 3 cm.",
    "Nodule": "A rounded shadow of at most 3 cm.",
    "Pneumonia": "Inflamed lung tissue, usually through an infection; a diagnosis rather than a sign.",
    "Pneumothorax": "Air between the lung and the chest wall.",
    "Consolidation": "Air spaces of the lung filled with fluid or cells, so that they look dense.",
    "Edema": "Too much fluid in the lung's tissue, often from the heart.",
    "Emphysema": "Destroyed, over-inflated lung tissue, so that the lung looks dark and large.",
    "Fibrosis": "Scarred lung tissue.",
    "Pleural_Thickening": "A thickened lining around the lung.",
    "Hernia": "A part of the abdomen, mostly the stomach, has slipped into the chest.",
}

FINDINGS: tuple[str, ...] = tuple(DESCRIPTIONS)
"""NIH's own order, which most networks trained on ChestX-ray14 use."""

COURSE_ORDER: tuple[str, ...] = (
    "Cardiomegaly",
    "Emphysema",
    "Effusion",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Atelectasis",
    "Pneumothorax",
    "Pleural_Thickening",
    "Pneumonia",
    "Fibrosis",
    "Edema",
    "Consolidation",
)
"""Order of the course "AI for Medical Diagnosis" (DeepLearning.AI), whose weights the original application loads."""

XRV_ORDER: tuple[str, ...] = (
    "Atelectasis",
    "Consolidation",
    "Infiltration",
    "Pneumothorax",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Effusion",
    "Pneumonia",
    "Pleural_Thickening",
    "Cardiomegaly",
    "Nodule",
    "Mass",
    "Hernia",
    "Lung Lesion",
    "Fracture",
    "Lung Opacity",
    "Enlarged Cardiomediastinum",
)
"""The 18 outputs of torchxrayvision's `densenet121-res224-all`; the last four are not among NIH's."""

ALPHABETICAL: tuple[str, ...] = tuple(sorted(FINDINGS))


def display_name(finding: str) -> str:
    """The finding's name as people read it: "Pleural_Thickening" becomes "Pleural thickening"; "COVID" stays."""
    first, *rest = finding.replace("_", " ").split()
    return " ".join([first, *(word.lower() if word.istitle() else word for word in rest)])


def check_finding(name: str, labels: Sequence[str]) -> str:
    """The label that `name` means: the same letters, whatever their case, with spaces or underscores.

    Raises FindingError, with the closest name first, if none of `labels` has that name.
    """
    by_key = {_key(label): label for label in labels}
    if isinstance(name, str) and _key(name) in by_key:
        return by_key[_key(name)]
    raise FindingError(f"The checkpoint in use has no finding {name!r}.", names_hint(str(name), labels))


def _key(name: str) -> str:
    return "_".join(name.lower().replace("_", " ").split())
