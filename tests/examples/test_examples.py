"""Methods of other projects, as plugins of one file each."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from explainers import Registry, compare
from explainers.kit import check_explainer
from explainers.running.comparison import Finished

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.py"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def brought(request):
    """(registry with the plugin, the name of its explainer)."""
    if request.param.stem.startswith("xplique") and not find_spec("xplique"):
        pytest.skip("xplique is not installed")
    registry = Registry.standard([str(request.param)])
    assert not registry.failures
    return registry, request.param.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_file_under_40_lines(file):
    assert len(file.read_text().splitlines()) < 40


def test_its_map_is_one_that_is_the_same_again(brought):
    registry, name = brought
    report = check_explainer(registry.explainers[name], ["shape", "dtype", "finite", "determinism"])
    assert report.passed, str(report)


@pytest.mark.slow  # by default, the kit's small networks
def test_it_explains_the_starter(brought, predictor, phantom):
    registry, name = brought
    *_, done = compare(predictor, phantom, "Effusion", [name], registry=registry)
    assert isinstance(done, Finished), done
    assert np.ptp(done.explanation.map) > 0


@pytest.mark.slow  # by default, Right of tests/explainers/kit and README's explainer pass the kit
def test_the_kit_finds_what_it_declares_and_nothing_else(brought):
    registry, name = brought
    report = check_explainer(registry.explainers[name])
    assert report.passed, str(report)
