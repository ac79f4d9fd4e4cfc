"""Ages as tables write them: 58, 58.0, 058Y, 018M, 9 months, 90+."""

import re
import unicodedata

AGE = re.compile(r"([<>≤≥]?=?)\s*(\d+(?:[.,]\d+)?)\s*(\+?)\s*([a-z]*)[a-z. ]*", re.IGNORECASE | re.ASCII)
"""A number, a unit, and perhaps more words, such as "old"; `90+` and `>89` are ages that a publisher has hidden."""

PER_YEAR = {"y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}

WORDS = {
    "y": "y yr yrs year years yo a an ans ano anos anni anno j jahr jahre jahren jaar annee annees",
    "m": "m mo mos month months mois mes meses mese mesi monat monate monaten maand maanden",
    "w": "w wk wks week weeks woche wochen weken semana semanas semaine semaines settimana settimane",
    "d": "d day days tag tage tagen jour jours dia dias giorno giorni dag dagen",
}
"""How people write DICOM's units, without accents. Another word is no unit, and never taken for years."""

UNITS = {"": "y"} | {word: unit for unit, words in WORDS.items() for word in words.split()}

OLDEST = 120
"""Years; NIH's first table has ages such as 411, which are mistakes."""


def age_in_years(cell: str) -> float | None:
    """Years as DICOM's age strings, pandas' floats and people write them; None for what is no age."""
    plain = "".join(
        each for each in unicodedata.normalize("NFD", cell.replace("\xa0", " ")) if not unicodedata.combining(each)
    )
    match = AGE.fullmatch(plain.strip())
    unit = UNITS.get(match[4].lower()) if match else None
    # below a limit may be any age; above one is what the limit says
    if match is None or unit is None or match[1].startswith(("<", "≤")):
        return None
    years = float(match[2].replace(",", ".")) / PER_YEAR[unit]
    return years if years <= OLDEST else None


def _without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
