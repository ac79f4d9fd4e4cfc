"""A run's tables on the Hugging Face Hub, as a data set with a card that says what they are."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cxr.datasets.parts import RUN, parquet_of, read_part
from cxr.datasets.storage import Folder
from explainers.batch.parts import LAST, parts
from explainers.batch.plan import run_of
from explainers.batch.schemas import TABLES
from explainers.errors import OptionError
from explainers.output.rendering import render
from hub.pushing import check_repo, push_dataset

CARD = "README.md"

SHARED = ("scores", "measures")
"""Tables that show no picture. A map of many cells may show the outlines of the radiograph that it explains."""


def share(location: str, repo: str, *, maps: bool = False, public: bool = False) -> str:
    """Upload the tables of a run; returns the commit's address.

    maps    the table of maps too
    public  a new repository is readable for everyone; default: for its owner alone

    Raises OptionError for a folder without results, SourceError for what the Hub refuses.
    """
    check_repo(repo)
    folder = Folder.at(location)
    about = run_of(folder)
    if about is None or not parts(folder):
        raise OptionError(f"{folder.name!r} holds no results of a data set.", "Give the folder that `batch` wrote.")
    tables = [name for name in TABLES if (maps or name in SHARED) and parts(folder, name)]
    files: dict[str, bytes | Path] = {RUN: folder.read(RUN)}
    for name in tables:
        files |= _files(folder, name, about)
    scores = _whole(folder, LAST)
    images, patients = (len(pc.unique(scores[column])) for column in ("image", "patient"))
    card = render(
        "data_card.md.txt.j2",
        tables=tables,
        model=about["model"],
        images=images,
        patients=patients,
        command=about["command"],
        repo=repo,
    )
    files[CARD] = card.encode()
    return push_dataset(files, repo, private=not public, message=f"Results over {images} radiographs")


def _files(folder: Folder, table: str, about: dict) -> dict[str, bytes | Path]:
    """{name in the repository: content}: small tables as one file, maps part by part as they are."""
    if table == "maps":
        return {f"{table}/{name}": _content(folder, f"{table}/{name}") for name in parts(folder, table)}
    whole = _whole(folder, table).sort_by("image")
    return {f"{table}/{table}.parquet": parquet_of(whole, {**about, "table": table})}


def _whole(folder: Folder, table: str) -> pa.Table:
    return pa.concat_tables([read_part(folder, table, name) for name in parts(folder, table)])


def _content(folder: Folder, name: str) -> bytes | Path:
    """A file of this machine is read while it is sent."""
    return folder.local / name if folder.local else folder.read(name)
