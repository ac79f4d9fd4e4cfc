"""Ages as tables write them: 58, 58.0, 058Y, 018M, 9 months."""

import re

AGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(y|m|w|d)?[a-z]*", re.IGNORECASE)
"""A number and a unit: years, months, weeks, days; years where there is none."""

PER_YEAR = {"y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}

OLDEST = 120
"""Years; NIH's first table has ages such as 411, which are mistakes."""


def age_in_years(cell: str) -> float | None:
    """Years as DICOM's age strings, pandas' floats and people write them; None for what is no age."""
    match = AGE.fullmatch(cell.strip())
    if not match:
        return None
    years = float(match[1].replace(",", ".")) / PER_YEAR[(match[2] or "y").lower()]
    return years if years <= OLDEST else None
