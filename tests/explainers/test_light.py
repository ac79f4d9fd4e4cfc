"""What a plugin's author imports, and what lists explainers, loads neither TensorFlow nor Gradio."""

import subprocess
import sys

import pytest

HEAVY = "{'tensorflow', 'keras', 'gradio', 'sklearn'} & set(sys.modules)"


@pytest.mark.parametrize(
    "code",
    [
        "import cxr, explainers, hub",
        "from explainers import Context, Explainer, Explanation, Layer, Range, Registry, compare, hookimpl",
        "from cxr import Predictor, Radiograph, prepare, read_radiograph",
        "from explainers import Registry; assert Registry.standard().explainers",
        "from explainers.__main__ import main; main(['list'])",
    ],
)
def test_the_doors_are_light(code):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print({HEAVY})"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("package", ["cxr", "explainers", "hub"])
def test_a_name_that_does_not_exist_is_an_attribute_error(package):
    imported = __import__(package)
    with pytest.raises(AttributeError, match="no_such_name"):
        imported.no_such_name  # noqa: B018
    assert all(getattr(imported, name) for name in imported.__all__)
