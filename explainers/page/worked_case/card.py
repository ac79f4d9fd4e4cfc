"""The picture of a shared link: the maps of the worked case side by side, under the page's name."""

from pathlib import Path

from PIL import Image

from explainers.page.document import CARD_SIZE
from explainers.page.words import words_of
from explainers.page.worked_case import WorkedCase
from explainers.pictures import NOTICE, overlay
from explainers.pictures.lettering import Lettering

GROUND, INK, QUIET = "#131518", "#e6e7e9", "#a4a9b1"

MARGIN_PX, GAP_PX = 48, 24

QUALITY = 85


def draw_card(case: WorkedCase) -> Image.Image:
    """The picture, RGB."""
    width, height = CARD_SIZE
    picture = Image.new("RGB", CARD_SIZE, GROUND)
    large, middle, small = Lettering(56), Lettering(30), Lettering(22)
    large.draw(picture, MARGIN_PX, 30, "cxr-lens", INK)
    middle.draw(picture, MARGIN_PX, 106, words_of("header")["tagline"], QUIET)
    count = len(case.explanations)
    side = (width - 2 * MARGIN_PX - (count - 1) * GAP_PX) // count
    top = height - MARGIN_PX - side - 6
    for number, explanation in enumerate(case.explanations):
        left = MARGIN_PX + number * (side + GAP_PX)
        small.draw(picture, left, top - 34, explanation.title, INK)
        picture.paste(overlay(case.radiograph, explanation).resize((side, side), Image.Resampling.LANCZOS), (left, top))
    small.draw(picture, MARGIN_PX, height - 40, NOTICE, QUIET)
    return picture


def make_card(case: WorkedCase, folder: Path) -> None:
    """Write `card.jpg` to a folder."""
    draw_card(case).save(folder / "card.jpg", "JPEG", quality=QUALITY, optimize=True)
