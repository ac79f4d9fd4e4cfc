"""A run's tables on the Hugging Face Hub, as a data set with a card that says what they are."""

import json
from pathlib import Path

import pyarrow.compute as pc

from explainers.batch.parts import parquet_of, parts, read_part
from explainers.batch.plan import RUN
from explainers.batch.schemas import TABLES
from explainers.batch.storage import Folder
from explainers.output.rendering import render
from explainers.results.reading import open
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
    results = open(location)
    tables = [name for name in TABLES if (maps or name in SHARED) and parts(results.folder, name)]
    files: dict[str, bytes | Path] = {RUN: results.folder.read(RUN)}
    for name in tables:
        files |= _files(results.folder, name, dict(results.about))
    images, patients = (len(pc.unique(results.scores[column])) for column in ("image", "patient"))
    card = render(
        "data_card.md.txt.j2",
        tables=tables,
        model=results.about["model"],
        images=images,
        patients=patients,
        command=results.about["command"],
        repo=repo,
    )
    files[CARD] = card.encode()
    return push_dataset(files, repo, private=not public, message=f"Results over {images} radiographs")


def _files(folder: Folder, table: str, about: dict) -> dict[str, bytes | Path]:
    """{name in the repository: content}: small tables as one file, maps part by part as they are."""
    names = parts(folder, table)
    if table == "maps":
        return {f"{table}/{name}": _content(folder, f"{table}/{name}") for name in names}
    from pyarrow import concat_tables

    whole = concat_tables([read_part(folder, table, name) for name in names]).sort_by("image")
    return {f"{table}/{table}.parquet": parquet_of(whole, json.loads(json.dumps({**about, "table": table})))}


def _content(folder: Folder, name: str) -> bytes | Path:
    """A file of this machine is read while it is sent."""
    return folder.local / name if folder.local else folder.read(name)
