"""Parts of a table that share no patient, checked rather than assumed."""

import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from hub.errors import names_hint


def part_of(table: LabelTable, part: str) -> LabelTable:
    """The rows whose column `part` has that value. Raises LabelError if there is no such column or no such part."""
    if "part" not in table.columns:
        raise LabelError(f"The table has no column `part`, so it has no part {part!r}.")
    parts = table.columns["part"]
    if part not in parts:
        raise LabelError(f"The table has no part {part!r}.", names_hint(part, sorted(set(parts))))
    return table.take(np.array(parts) == part)


def check_disjoint(parts: Mapping[str, LabelTable]) -> None:
    """Raises LabelError, naming patients, if one of them is in two parts: figures of the second would be too good."""
    seen: dict[str, str] = {}
    for name, table in parts.items():
        patients = sorted(set(table.patients), key=lambda patient: (len(patient), patient))
        if shared := [patient for patient in patients if patient in seen]:
            raise LabelError(
                f"{len(shared)} patients are in {seen[shared[0]]!r} and in {name!r}: {_some(shared)}.",
                "Give each patient one part only.",
            )
        seen |= dict.fromkeys(patients, name)


def without_patients(table: LabelTable, patients: Iterable[str]) -> LabelTable:
    """The table without every row of these patients."""
    left_out = set(patients)
    return table.take(np.array([patient not in left_out for patient in table.patients], bool))


def split_by_patient(table: LabelTable, *, share: float, seed: int) -> tuple[LabelTable, LabelTable]:
    """(the rest, about `share` of all patients with all their pictures), chosen at random."""
    patients = sorted(set(table.patients))
    if len(patients) < 2:
        raise LabelError("All pictures are of one patient, so no part can be kept for validation.")
    count = min(len(patients) - 1, max(1, round(share * len(patients))))
    chosen = set(np.random.default_rng(seed).permutation(patients)[:count])
    mask = np.array([patient in chosen for patient in table.patients])
    return table.take(~mask), table.take(mask)


def folds_by_patient(patients: Iterable[str], *, folds: int, seed: int) -> np.ndarray:
    """(rows,) number of each row's fold; a patient's rows share one."""
    names, rows = np.unique(list(patients), return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    return (shuffled % folds)[rows]


def fold_of(patients: Iterable[str], folds: int) -> np.ndarray:
    """(rows,) 1 to `folds`: the fold that each patient is held out in, whatever table the patient is in.

    It depends on the patient's name alone (CRC-32), so that several tables and programs agree.
    """
    return np.array([zlib.crc32(patient.encode()) % folds + 1 for patient in patients], int)


def _some(patients: list[str], most: int = 10) -> str:
    more = f" and {len(patients) - most} more" if len(patients) > most else ""
    return ", ".join(patients[:most]) + more
