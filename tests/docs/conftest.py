"""A folder as a reader has it."""

from pathlib import Path

import pytest

from tests.docs.pages import SAVED


@pytest.fixture(scope="module")
def folder(tmp_path_factory, phantom) -> Path:
    """A folder as a reader has it: `radiograph.png`, `model.keras` and the files that the pages say to save."""
    from PIL import Image

    made = tmp_path_factory.mktemp("reader")
    Image.fromarray(phantom.display(512)).save(made / "radiograph.png")
    write_model(made / "model.keras")
    for name, text in SAVED.items():
        (made / name).write_text(text)
    return made


def write_model(file: Path) -> None:
    """A small classifier of three classes, which takes 0 to 255."""
    from cxr.quiet_import import quiet_import

    with quiet_import():
        import keras
    keras.utils.set_random_seed(1)
    layers = [keras.Input((64, 64, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(8, 5, strides=2)]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    keras.Sequential(layers).save(file)


@pytest.fixture
def reader_folder(folder, predictor, monkeypatch) -> Path:
    """The reader's folder, as the working directory; commands share the starter, which each would load."""
    from cxr import Predictor

    load = Predictor.load

    def load_once(source, *, engine="auto", stated=None):
        plain = (source, engine, stated or {}) == ("starter", "auto", {})
        return predictor if plain else load(source, engine=engine, stated=stated)

    monkeypatch.setattr(Predictor, "load", load_once)
    monkeypatch.chdir(folder)
    return folder
