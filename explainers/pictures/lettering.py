"""Words on pictures, with Pillow's own scalable typeface: the same on every machine, whatever fonts it has.

That typeface lacks a few signs that figures and method names need; minus, dashes and the multiplication sign are drawn
here, the rest is transliterated in letters that it has.
"""

import re
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

BARS = {"−": 0.5, "–": 0.5, "—": 0.9}
"""Signs drawn as a bar, with its length as a share of the type size."""

TIMES = "×"
SPACE = 0.28
"""Width of a space as a share of the type size; the typeface's own is too narrow between figure and unit."""

SET_HERE = "".join([*BARS, TIMES, " "])

SPELLINGS = {"∂": "d", "→": "to", "≤": "<=", "≥": ">="}
"""Signs without a letter form of their own."""


class Lettering:
    """One size of type. Positions are the top left corner of the line, in pixels."""

    def __init__(self, size_px: int) -> None:
        self.size_px = size_px
        self.line_px = round(size_px * 1.4)
        self._font = ImageFont.load_default(size_px)

    def width(self, text: str) -> int:
        """How wide a line of text is, in pixels."""
        return round(sum(self._advance(each) for each in _runs(transliterated(text))))

    def draw(self, picture: Image.Image, left: float, top: float, text: str, colour: str) -> None:
        """Write one line of text on the picture."""
        canvas = ImageDraw.Draw(picture)
        for each in _runs(transliterated(text)):
            if each in BARS or each == TIMES:
                mask = _sign(each, self.size_px)
                picture.paste(Image.new("RGB", mask.size, colour), (round(left), round(top)), mask)
            elif each != " ":
                canvas.text((left, top), each, fill=colour, font=self._font)
            left += self._advance(each)

    def wrapped(self, text: str, width: int) -> list[str]:
        """The text in lines of at most `width` pixels, broken at spaces; a longer word gets a line of its own."""
        lines: list[str] = []
        for word in text.split():
            if lines and self.width(f"{lines[-1]} {word}") <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines

    def _advance(self, run: str) -> float:
        if run in BARS:
            return self.size_px * (BARS[run] + 0.14)
        if run == TIMES or run == " ":
            return self.size_px * (0.64 if run == TIMES else SPACE)
        return self._font.getlength(run)


def transliterated(text: str) -> str:
    """The text in characters that can be drawn: Greek letters by name, others without their accents, else "?"."""
    return "".join(each if _drawable(each) else _replacement(each) for each in text)


def _replacement(character: str) -> str:
    if character in SPELLINGS:
        return SPELLINGS[character]
    name = unicodedata.name(character, "")
    if "GREEK" in name and "LETTER" in name:
        return name.rsplit(" ", 1)[-1].lower()
    plain = [each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each)]
    return "".join(each if _drawable(each) else "?" for each in plain)


@cache
def _drawable(character: str) -> bool:
    if character in SET_HERE:
        return True
    font = ImageFont.load_default(40)
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010ffff"))


def _runs(text: str) -> list[str]:
    """The text cut into stretches that the typeface writes, spaces, and single signs that are drawn here."""
    return re.findall(f"[{SET_HERE}]|[^{SET_HERE}]+", text)


@cache
def _sign(sign: str, size_px: int) -> Image.Image:
    """A drawn sign as an antialiased mask; its strokes are as high and as thick as those of the typeface's plus."""
    fine = 8
    size = size_px * fine
    left, top, right, bottom = ImageFont.load_default(size).getbbox("+")
    middle, arm, thick = (top + bottom) / 2, (right - left) / 2, size * 0.075
    mask = Image.new("L", (size, round(size * 1.4)))
    canvas = ImageDraw.Draw(mask)
    if sign == TIMES:
        reach, centre = arm * 0.72, size * 0.32
        for slope in (-1, 1):
            ends = [(centre - reach, middle - slope * reach), (centre + reach, middle + slope * reach)]
            canvas.line(ends, fill=255, width=round(thick))
    else:
        start = size * 0.07
        canvas.rectangle((start, middle - thick / 2, start + size * BARS[sign], middle + thick / 2), fill=255)
    return mask.resize((size_px, round(size_px * 1.4)), Image.Resampling.BOX)
