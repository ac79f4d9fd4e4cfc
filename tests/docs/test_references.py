"""What README.md and docs/ name exists: commands, flags, endpoints, links and pictures."""

import argparse
import inspect
import json
import re
import urllib.request

import pytest

from hub.directory import described
from tests.docs.pages import BLOCKS, CALLED, COMMANDS, LINKED, PAGES, ROOT, options, parsed, parser_of, pattern_of


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_in_the_text_exist(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for line in re.findall(r"`(python (?:-m (?:cxr|explainers|hub)|demo\.py) [^`]+)`", prose):
        words = " ".join(line.split())
        if len(words.split()) > 4:
            assert callable(parsed(words).run), line
        else:  # a command's name alone
            called = words.rsplit(" ", 1)
            assert called[1] in commands_of(parser_of(called[0])), line
    known = set.union(*(options(parser_of(each)) for each in CALLED))
    assert set(re.findall(r"`(--[a-z-]+)", prose)) <= known


def commands_of(parser: argparse.ArgumentParser) -> set[str]:
    subparsers = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return {name for each in subparsers for name in each.choices}


def test_every_option_of_the_server_is_explained_to_operators():
    listed = (ROOT / "docs" / "operators.md").read_text()
    assert {flag for flag in options(parser_of("python demo.py")) if flag not in ("-h", "--help", "--reload")} <= set(
        re.findall(r"`(--[a-z-]+)", listed)
    )


def test_the_table_of_endpoints_has_their_arguments(server):
    with urllib.request.urlopen(f"{server}/gradio_api/info") as answer:
        endpoints = json.load(answer)["named_endpoints"]
    rows = re.findall(r"^\| (`/.*?) \| (.*?) ?\|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    listed = {name: words.split(", ") for names, words in rows for name in re.findall(r"`(/\w+)`", names)}
    assert listed == {
        name: [each["parameter_name"] for each in endpoint["parameters"]] or [""]
        for name, endpoint in endpoints.items()
    }


def test_what_the_context_offers_is_listed():
    from explainers import Context

    public = {name for name, _ in inspect.getmembers(Context) if not name.startswith("_")}
    listed = (ROOT / "docs" / "plugin-authors.md").read_text()
    assert {name for name in public if not re.search(rf"`{name}[`(]", listed)} <= {"prepare", "window", "passes"}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        goal = (page.parent / file).resolve() if file else page
        assert goal.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", goal.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, target


def test_the_picture_is_small_and_described():
    ((alt, place),) = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert "synthetic" in alt
    assert 10_000 < (ROOT / place).stat().st_size <= 300_000


def test_readme_can_be_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_the_example_of_a_layout_is_read(tmp_path):
    (block,) = [block for block in BLOCKS if block.language == "json"]
    (tmp_path / "layout.json").write_text(block.text)
    assert described(tmp_path, name="mine")["weights"] == {"file": "last.ckpt", "layout": "torchvision"}


def test_the_page_prints_its_address_as_shown(started_server):
    (shown,) = [block.after[1] for block in COMMANDS if "python demo.py" in block.text and block.after[0] == "text"]
    assert re.fullmatch(pattern_of(shown), started_server.printed)
