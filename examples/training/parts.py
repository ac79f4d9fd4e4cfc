"""NIH's table with a column `part`: the official test patients, and of the others a tenth for validation, by patient.

python examples/training/parts.py Data_Entry_2017_v2020.csv test_list.txt entries.csv
"""

import csv
import sys
from pathlib import Path

from cxr.evaluation.splits import fold_of

FOLDS = 10


def with_parts(rows: list[dict[str, str]], test_images: set[str]) -> list[dict[str, str]]:
    """The rows, each with its part. A patient of whom one picture is in NIH's test list is a test patient."""
    tested = {row["Patient ID"] for row in rows if row["Image Index"] in test_images}
    folds = fold_of([row["Patient ID"] for row in rows], FOLDS)
    parts = {True: "validation", False: "train"}
    return [
        row | {"part": "test" if row["Patient ID"] in tested else parts[fold == FOLDS]}
        for row, fold in zip(rows, folds.tolist(), strict=True)
    ]


def main(table: str, test_list: str, out: str) -> None:
    with Path(table).open(newline="", encoding="utf-8-sig") as stream:
        rows = with_parts(list(csv.DictReader(stream)), set(Path(test_list).read_text().split()))
    with Path(out).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
