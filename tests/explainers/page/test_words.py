"""The table of sentences: every one is used, every one that is used is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from explainers.page.words import words

PAGE = Path(__file__).resolve().parents[3] / "explainers" / "page"
BUILT = {"above_provisional", "below_provisional", "level_help", "agree_low", "agree_middle", "agree_high", "signed"}
BUILT |= {"short_yours", "short_map", "short_guess"}
BUILT |= {f"alike_{degree}" for degree in ("high", "middle", "low")}
BUILT |= {f"{way}_{how}" for way in ("falls", "rises") for how in ("removed", "covered")}
BUILT |= {f"verdict_{side}{kind}" for side in ("above", "below") for kind in ("", "_provisional")}
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


ENGLISH = re.compile(r"\b[A-Za-z]{2,}[,;:]? [a-z]{2,}[,;:]? [a-z]{2,}\b|[A-Z][a-z]+ [a-z]+")
"""Three words, or two of which the first is capitalised."""

SCRIPTS_TEXT = re.compile(r"""(?<!Error\()["`']([A-Z][a-z]+(?: [a-z]+)+[^"`']*)["`']""")
"""A literal of a script that begins as a sentence; errors for programmers are none."""


def shown_in(markup: str) -> str:
    """What a template shows and is read aloud, without what is filled in and without code."""
    markup = re.sub(r"(?s)<pre.*?</pre>", "", markup)
    spoken = " | ".join(re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', markup))
    return re.sub(r"\{[{%].*?[%}]\}|\$\{value\}", "", f"{re.sub('<[^>]+>', ' | ', markup)} | {spoken}")


def literals(tree: ast.AST) -> Iterator[str]:
    """Texts of a module but docstrings, errors, and what a request calls itself in errors (`subject`)."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.AnnAssign) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            skipped |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield re.sub(r"<[^>]*>?", " | ", node.value)


def test_no_template_holds_a_sentence():
    found = {}
    for file in PAGE.rglob("panels/**/*.html"):
        # the page's name is not translated
        shown = shown_in(file.read_text()).replace("cxr-lens", "").replace("&nbsp;", " ")
        found[file] = re.findall(r"[A-Za-z]{3,}", shown)
    assert found
    assert not any(found.values()), found


def test_no_script_holds_a_sentence():
    found = {file: SCRIPTS_TEXT.findall(re.sub(r"(?m)^\s*//.*$", "", file.read_text())) for file in PAGE.rglob("*.js")}
    assert found
    assert not any(found.values()), found


def test_no_module_of_a_panel_holds_a_sentence():
    code, found = re.compile(r"^[a-z_ ]*$|gradio_client"), {}
    for file in (PAGE / "samples.py", *PAGE.rglob("panels/**/*.py")):
        shown = [each for each in literals(ast.parse(file.read_text())) if not code.search(each)]
        found[file] = [each for each in shown if ENGLISH.search(each)]
    assert not any(found.values()), found


RIDDLES = """Beside: nothing|where 7.8 % have it|once it was read|Not shown: what lowers|Waiting for the others|
    Drawn anew|Adds up|Other findings|if each of its channels counts|could not be seen|What this score is worth|
    Take it along|The same by code|which must lose|put away""".replace("\n    ", "").split("|")


def test_a_riddle_of_before_does_not_come_back():
    from explainers.registry import Registry

    registry = Registry.standard()
    said = [sentence for sentences in words().values() for sentence in sentences.values()]
    said += [each.summary() for each in registry.explainers.values()]
    said += [each.title for each in registry.measures.values()]
    assert not [(old, each) for old in RIDDLES for each in said if old.casefold() in each.casefold()]


def test_sentences_are_plain():
    """No sentence is longer than a person reads at once."""
    for panel, sentences in words().items():
        for key, sentence in sentences.items():
            assert max(len(each.split()) for each in re.split(r"[.;:?]", sentence)) <= 36, f"{panel}.{key}"
