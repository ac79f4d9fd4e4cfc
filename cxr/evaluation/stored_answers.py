"""Networks' answers that are kept while a table is scored, so that a run that was ended goes on where it was.

They lie in a folder `unfinished` of the results. It is deleted once these are written: pictures may change until the
next run, and answers to what they were would then be wrong.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr.datasets.storage import Folder
from cxr.errors import FolderError

NAME = "unfinished"
TABLE = "answers"

Answers = dict[str, list[np.ndarray] | str]
"""{picture: a row of numbers from each network, or a sentence on why there are none}."""


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """The answers of a run.

    about  what they depend on, as JSON
    """

    folder: Path
    about: dict[str, Any]

    @classmethod
    def at(cls, out: Path, about: dict[str, Any]) -> "StoredAnswers | None":
        """In the folder of a run's results; those of a run with other networks or pictures are deleted.

        None without pyarrow, which reads and writes them.
        """
        try:
            from cxr.datasets.parts import begin, clean
        except ImportError:
            return None
        folder = Folder.at(out / NAME)
        try:
            begin(folder, about, list(about), "")
        except FolderError:
            forget_answers(out)
            begin(folder, about, list(about), "")
        clean(folder, [TABLE])
        return cls(out / NAME, about)

    def read(self) -> Answers:
        """Those that are there."""
        from cxr.datasets.parts import rows_of

        return {row["picture"]: row["error"] or _rows(row["answers"]) for row in rows_of(Folder.at(self.folder), TABLE)}

    def write(self, answers: Answers) -> None:
        """Add a batch's."""
        import pyarrow as pa

        from cxr.datasets.parts import write_part

        rows = [
            {"picture": name, "error": found}
            if isinstance(found, str)
            else {"picture": name, "answers": [each.tolist() for each in found]}
            for name, found in answers.items()
        ]
        kinds = {"picture": pa.string(), "answers": pa.list_(pa.list_(pa.float32())), "error": pa.string()}
        write_part(
            Folder.at(self.folder), list(answers), {TABLE: pa.Table.from_pylist(rows, pa.schema(kinds))}, self.about
        )


def forget_answers(out: Path) -> None:
    """Delete what is kept in a folder of results."""
    shutil.rmtree(out / NAME, ignore_errors=True)


def _rows(stored: list[list[float]]) -> list[np.ndarray]:
    return [np.array(each, np.float32) for each in stored]
