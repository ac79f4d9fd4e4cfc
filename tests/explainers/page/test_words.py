"""The table of sentences: every one is used, every one that is used is there."""

import re
from pathlib import Path

from explainers.page.words import words

PAGE = Path(__file__).resolve().parents[3] / "explainers" / "page"
BUILT = {"above_provisional", "below_provisional", "level_help", "agree_low", "agree_middle", "agree_high", "signed"}
BUILT |= {"short_yours", "short_map", "short_guess"}
BUILT |= {f"phantom{name}-shows" for name in ("", "-nodule", "-pneumothorax", "-plain")}
"""Keys that scripts put together."""


def sources() -> str:
    files = [*PAGE.rglob("*.js"), *PAGE.rglob("*.html"), *PAGE.rglob("*.py")]
    return "\n".join(file.read_text() for file in files)


def test_every_sentence_that_is_used_is_there():
    known = {key for sentences in words().values() for key in sentences}
    for file in PAGE.rglob("panel.html"):
        section = words().get(file.parent.name, {})
        used = set(re.findall(r"\{\{ w\.(\w+) \}\}", file.read_text()))
        assert used <= set(section), file
    used = set(re.findall(r"""\b(?:text|words)\(\s*"(\w+)"[,)]""", sources()))
    assert used <= known | set(words()), used - known - set(words())


def test_every_sentence_is_used():
    text = sources()
    keys = {(panel, key) for panel, sentences in words().items() for key in sentences}
    assert not {(panel, key) for panel, key in keys if key not in BUILT and not re.search(rf"\b{key}\b", text)}


def test_sentences_are_plain():
    """No sentence is longer than a person reads at once."""
    for panel, sentences in words().items():
        for key, sentence in sentences.items():
            assert max(len(each.split()) for each in re.split(r"[.;:?]", sentence)) <= 36, f"{panel}.{key}"
