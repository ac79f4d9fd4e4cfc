"""Gradio is imported without the stubs that it writes, and is whole; nothing slow is imported beside it."""

import subprocess
import sys


def test_gradio_writes_no_stubs_and_its_components_have_their_events():
    code = """
import sys
from explainers.page.without_stubs import without_stubs
finders = list(sys.meta_path)
with without_stubs():
    import gradio
assert sys.meta_path == finders
from gradio import component_meta
component_meta.create_or_modify_pyi(object, "Object", [])  # Gradio's own would find no file
with gradio.Blocks() as blocks:
    text = gradio.Textbox()
    text.submit(lambda value: value, text, text)
assert len(blocks.fns) == 1
from explainers.page.panels import discover
assert discover()
slow = {"scipy.stats", "matplotlib.pyplot", "sklearn", "tensorflow", "keras", "onnx"} & set(sys.modules)
assert not slow, f"imported before the page is there: {sorted(slow)}"
print(component_meta.__file__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("component_meta.py")
