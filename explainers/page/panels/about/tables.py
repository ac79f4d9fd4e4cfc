"""Tables of the view About."""

import re
from collections.abc import Sequence
from html import escape

WITH_INTERVAL = re.compile(r"(\S+) (\[.+\])")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], label: str, *, intervals_below: bool = False) -> str:
    """A table that scrolls sideways where the page is narrow; everything is escaped here.

    `intervals_below`: the interval of a figure stands below it, for tables of many columns.
    """
    cell_of = _with_interval_below if intervals_below else escape
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>{''.join(f'<td>{cell_of(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    return (
        f"<div class='table' tabindex='0' role='region' aria-label='{escape(label)}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _with_interval_below(text: str) -> str:
    figure = WITH_INTERVAL.fullmatch(text)
    if figure is None:
        return escape(text)
    return f"{escape(figure[1])} <span class='interval'>{escape(figure[2])}</span>"
