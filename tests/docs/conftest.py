"""A folder as a reader has it."""

from pathlib import Path

import pytest

from tests.docs.pages import SAVED


@pytest.fixture(scope="module")
def folder(tmp_path_factory, phantom) -> Path:
    """A folder as a reader has it: `radiograph.png` and the files that the pages say to save lie in it."""
    from PIL import Image

    made = tmp_path_factory.mktemp("reader")
    Image.fromarray(phantom.display(512)).save(made / "radiograph.png")
    for name, text in SAVED.items():
        (made / name).write_text(text)
    return made


@pytest.fixture
def reader_folder(folder, monkeypatch) -> Path:
    """The reader's folder, as the working directory."""
    monkeypatch.chdir(folder)
    return folder
