"""The document as it is sent: title, preview of a shared link, icon, compression, card."""

import io
import re

import httpx
import numpy as np
import pytest
from PIL import Image

from explainers.page import document, worked_case
from explainers.page.words import words_of
from explainers.page.worked_case.card import draw_card

GRADIO = b"""<html><head><meta charset="utf-8" /><meta property="og:title" content="Gradio" />
<meta
  name="twitter:description"
  content="Click to try out the app!"
/><meta name="viewport" content="width=device-width" /></head><body></body></html>"""


def test_the_preview_of_a_link_is_the_page_s_and_not_gradio_s():
    text = document.with_head(GRADIO, "https://lens.example/cxr/").decode()
    assert "Gradio" not in text
    assert "Click to try out" not in text
    assert f"<title>{words_of('page')['title']}</title>" in text
    assert 'property="og:image" content="https://lens.example/cxr/page_files/card.jpg"' in text
    assert 'name="viewport"' in text
    for name in ("og:title", "og:description", "og:image", "og:url", "og:image:alt"):
        assert len(re.findall(f'property="{name}"', text)) == 1


@pytest.mark.parametrize(
    ("base", "root_path", "address"),
    [
        ("http://a.example/", "", "http://a.example/"),
        ("http://a.example/cxr-lens", "/cxr-lens", "http://a.example/cxr-lens/"),
        ("http://a.example/", "https://b.example/x/", "https://b.example/x/"),
    ],
)
def test_the_address_of_a_preview_is_the_one_that_is_stated_or_that_of_the_request(base, root_path, address):
    assert document.address_of(base, root_path) == address


def test_an_address_cannot_leave_its_attribute():
    text = document.with_head(GRADIO, 'https://a.example/"><script>alert(1)</script>/').decode()
    assert "<script>" not in text


def test_the_card_is_small_has_the_size_that_previews_ask_for_and_shows_the_worked_case():
    """Whoever changes the worked case runs `python -m explainers.page card`, or `worked-case`, which draws it too."""
    content = document.card()
    assert len(content) <= 100_000
    stored = Image.open(io.BytesIO(content))
    assert stored.size == document.CARD_SIZE
    drawn = draw_card(worked_case.load())
    assert np.abs(np.asarray(stored, float) - np.asarray(drawn, float)).mean() < 3


@pytest.fixture(scope="module")
def answer(server) -> httpx.Response:
    return httpx.get(f"{server}/", headers={"Accept-Encoding": "gzip"})


def test_a_running_page_sends_it_compressed(answer, server):
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.count("<title>") == 1
    assert "Click to try out" not in answer.text
    (card,) = re.findall(r'property="og:image" content="([^"]+)"', answer.text)
    assert card == f"{server}/page_files/card.jpg"
    assert httpx.get(card).headers["content-type"] == "image/jpeg"


def test_who_takes_no_gzip_gets_the_document_as_it_is(server):
    plain = httpx.get(f"{server}/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_a_program_that_asks_for_the_head_gets_no_body(server):
    assert httpx.head(f"{server}/").status_code in (200, 405)
