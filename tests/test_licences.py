"""Licences of what is installed with cxr-lens: one package is under the GPL, and it is optional."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text())["project"]

OPTIONAL_GPL = {"pylibjpeg-libjpeg"}
"""Of the extra `dicom`; without it, JPEG of more than 8 bits in DICOM is refused."""


def reached(requirements: list[str], seen: set[str]) -> Iterator[Distribution]:
    """What is installed of these requirements, and of theirs."""
    for text in requirements:
        requirement = Requirement(text)
        name = requirement.name.lower().replace("_", "-")
        extras = requirement.extras or {""}
        if name in seen or name == "cxr-lens":
            continue
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        wanted = [each for each in found.requires or [] if _is_wanted(each, extras)]
        yield from reached([each.split(";")[0] for each in wanted], seen)


def _is_wanted(text: str, extras: set[str]) -> bool:
    marker = Requirement(text).marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


def is_copyleft(found: Distribution) -> bool:
    """Whether the GPL, the AGPL or the LGPL covers it, by what its metadata state."""
    about = found.metadata
    stated = [about.get("License-Expression", ""), *about.get_all("Classifier", [])]
    named = " ".join(each for each in stated if "License" in each or each == stated[0])
    return any(word in named for word in ("GPL", "General Public License"))


def test_nothing_that_is_always_installed_is_under_the_gpl():
    found = list(reached(PROJECT["dependencies"], set()))
    assert len(found) > 20
    assert not [each.name for each in found if is_copyleft(each)]


def test_of_the_extras_one_package_is():
    extras = [each for name, extra in PROJECT["optional-dependencies"].items() if name != "test" for each in extra]
    found = {each.name for each in reached(extras, set()) if is_copyleft(each)}
    assert found <= OPTIONAL_GPL


def test_the_gpl_is_seen_where_it_is():
    try:
        assert is_copyleft(distribution("pylibjpeg-libjpeg"))
    except PackageNotFoundError:
        pytest.skip("needs the extra dicom")
