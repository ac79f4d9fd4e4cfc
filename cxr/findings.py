"""The 14 findings of NIH ChestX-ray14: their names, the orders of networks' outputs, and a description of each.

A finding is spelled as NIH spells it (`Pleural_Thickening`). The order of a network's outputs is data of its
checkpoint and never deduced: the orders here are what a checkpoint's configuration may refer to.
"""

import re
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


ALIASES: dict[str, tuple[str, ...]] = {
    "Atelectasis": ("Atelectases", "Atelectatic"),
    "Cardiomegaly": ("Enlarged heart", "Cardiac enlargement"),
    "Effusion": ("Pleural Effusion", "Effusions", "Pleural effusions"),
    "Infiltration": ("Infiltrate", "Infiltrates", "Lung infiltrate"),
    "Mass": ("Lung mass", "Pulmonary mass"),
    "Nodule": ("Nodules", "Lung nodule", "Pulmonary nodule"),
    "Consolidation": ("Consolidations",),
    "Edema": ("Oedema", "Pulmonary edema", "Pulmonary oedema", "Lung edema", "Lung oedema"),
    "Emphysema": ("Pulmonary emphysema", "Lung emphysema"),
    "Fibrosis": ("Pulmonary fibrosis", "Lung fibrosis"),
    "Pleural_Thickening": ("Pleural thickening", "Pleura thickening", "Thickened pleura"),
    "Hernia": ("Hiatal hernia", "Hiatus hernia"),
}
"""How CheXpert, MIMIC, PadChest, VinDr-CXR, RSNA and torchxrayvision write NIH's findings; case and signs don't count.

Only what means the same is here. PadChest's kinds of a finding ("laminar atelectasis") are parts of it, and VinDr's
"Nodule/Mass" is two findings in one.
"""

OTHER_FINDINGS: tuple[str, ...] = (
    *("Lung Opacity", "Lung Lesion", "Enlarged Cardiomediastinum", "Fracture", "Pleural Other", "Support Devices"),
    *("Nodule/Mass", "ILD", "Calcification", "Aortic enlargement", "Other lesion", "Other diseases", "Lung cavity"),
    *("Lung cyst", "Mediastinal shift", "Clavicle fracture", "Rib fracture", "Enlarged PA", "COPD", "Lung tumor"),
    *("Tuberculosis", "Opacity", "Airspace Opacity", "COVID-19", "COVID", "Bronchitis", "Bronchiolitis"),
    *(
        "Subcutaneous Emphysema",
        "Pneumoperitoneum",
        "Pneumomediastinum",
        "Tortuous Aorta",
        "Calcification of the Aorta",
    ),
)
"""Labels of these data sets that are none of NIH's 14 findings, nor another spelling of one."""

NO_FINDING = ("No Finding", "Normal", "No findings", "No abnormality")


def display_name(finding: str) -> str:
    """The finding's name as people read it: "Pleural_Thickening" becomes "Pleural thickening"; "COVID" stays."""
    first, *rest = finding.replace("_", " ").split()
    return " ".join([first, *(word.lower() if word.istitle() else word for word in rest)])


def check_finding(name: str, labels: Sequence[str]) -> str:
    """The label that `name` means: the same letters, whatever their case and signs, or another spelling of it.

    Raises FindingError, with the closest name first, if none of `labels` has that name.
    """
    by_key = {_key(label): label for label in labels}
    if isinstance(name, str) and _key(name) in by_key:
        return by_key[_key(name)]
    known = known_finding(name) if isinstance(name, str) else None
    if known is not None and known in labels:
        return known
    raise FindingError(f"The checkpoint in use has no finding {name!r}.", names_hint(str(name), labels))


def known_finding(name: str) -> str | None:
    """NIH's finding that a label of any data set means, or None for a label that means none of them."""
    return _BY_KEY.get(_key(name))


def finding_among(name: str, others: Sequence[str]) -> str | None:
    """NIH's finding that a label means, else the one of `others` with the same letters; None where there is none."""
    return known_finding(name) or next((each for each in others if _key(each) == _key(name)), None)


def is_other_finding(name: str) -> bool:
    """Whether a label is known not to be one of NIH's findings, so that it is not a misspelt one."""
    return _key(name) in _OTHER_KEYS


def is_no_finding(name: str) -> bool:
    """Whether a label says that there is nothing to see."""
    return _key(name) in _NO_FINDING_KEYS


def findings_of(labels: Sequence[str], others: Sequence[str] = ()) -> tuple[dict[str, int], tuple[str, ...]]:
    """({finding: its place among the labels}, labels that are left out: no finding, or one that another label is).

    others  a network's own findings beside NIH's

    A label that is spelled as NIH does counts before another spelling of it; "" is no label.
    """
    exact = {label: at for at, label in enumerate(labels) if label in DESCRIPTIONS}
    places = dict(exact)
    for at, label in enumerate(labels):
        if (finding := finding_among(label, others)) and finding not in places:
            places[finding] = at
    used = set(places.values())
    left_out = tuple(label for at, label in enumerate(labels) if label and at not in used)
    return dict(sorted(places.items(), key=lambda pair: pair[1])), left_out


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_KEY = {_key(name): finding for finding in FINDINGS for name in (finding, *ALIASES.get(finding, ()))}
_OTHER_KEYS = frozenset(map(_key, OTHER_FINDINGS))
_NO_FINDING_KEYS = frozenset(map(_key, NO_FINDING))
