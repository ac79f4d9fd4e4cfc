"""The folder that `python -m explainers batch` wrote: its tables, and its maps as explanations, one after another."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from cxr.checkpoint import Identity
from cxr.datasets.parts import read_part
from cxr.datasets.storage import Folder
from cxr.frame import Frame
from explainers.batch.parts import LAST, parts
from explainers.batch.plan import run_of
from explainers.batch.schemas import TABLES, schema_of
from explainers.contract.explanation import Explanation
from explainers.errors import OptionError
from hub.errors import names_hint

Key = tuple[str, str, str]
"""(image, finding, explainer)."""


def open(location: str) -> "Results":
    """The results in a folder, by its path or address. Raises OptionError if it holds none."""
    folder = Folder.at(location)
    about = run_of(folder)
    if about is None:
        raise OptionError(f"{folder.name!r} holds no results of a data set.", "Give the folder that `batch` wrote.")
    return Results(folder, about)


@dataclass(frozen=True, eq=False)
class Results:
    """What a run has found so far. Batches that are not complete are left out.

    about  what the run is: network, input rule, explainers, options, seed, versions
    """

    folder: Folder
    about: Mapping[str, Any]

    @cached_property
    def scores(self) -> pa.Table:
        """One row a radiograph and finding; `.to_pandas()` gives a data frame."""
        return self.table("scores")

    @cached_property
    def measures(self) -> pa.Table:
        """One row a radiograph, finding, explainer and measure."""
        return self.table("measures")

    @cached_property
    def maps(self) -> pa.Table:
        """One row a radiograph, finding and explainer, without the cells; `explanations` has these."""
        return self.table("maps", [name for name in TABLES["maps"].names if name != "cells"])

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table, or some of its columns. Empty where the run has no such rows."""
        schema = self._schema(name)
        if unknown := [each for each in columns or () if each not in schema.names]:
            raise OptionError(f"{name} has no column {unknown[0]!r}.", names_hint(unknown[0], schema.names))
        return self._dataset(name).to_table(columns=list(columns) if columns else None)

    @property
    def explainers(self) -> tuple[str, ...]:
        """Names of those that the run has."""
        return tuple(self.about["explainers"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The network's findings, in the order of its outputs."""
        return tuple(self.about["labels"])

    def explanations(self, *, image: str = "", finding: str = "", explainer: str = "") -> Iterator[Explanation]:
        """The maps, a part at a time, those of a radiograph, finding or explainer where one is named.

        Raises OptionError for a finding or an explainer that the run doesn't have.
        """
        for _, explanation in self.keyed_explanations(image=image, finding=finding, explainer=explainer):
            yield explanation

    def keyed_explanations(
        self, *, image: str = "", finding: str = "", explainer: str = "", only: Collection[str] = ()
    ) -> Iterator[tuple[Key, Explanation]]:
        """The same with (image, finding, explainer) of each. only: of these parts of the table alone."""
        wanted = {"image": image, "finding": finding, "explainer": explainer}
        for name, known in (("finding", self.labels), ("explainer", self.explainers)):
            if wanted[name] and wanted[name] not in known:
                raise OptionError(f"The run has no {name} {wanted[name]!r}.", names_hint(wanted[name], known))
        for part in self._parts_with(image) if image else parts(self.folder, "maps"):
            if only and part not in only:
                continue
            table = read_part(self.folder, "maps", part)
            for column, value in wanted.items():
                if value:
                    table = table.filter(pc.equal(table[column], value))
            for row in _rows(table.filter(pc.is_null(table["error"]))):
                yield (row["image"], row["finding"], row["explainer"]), self._explanation(row)

    @cached_property
    def part_of(self) -> Mapping[str, str]:
        """{image: the part that has its rows}."""
        names = parts(self.folder)
        return {
            image: name
            for name in names
            for image in read_part(self.folder, LAST, name, ["image"])["image"].to_pylist()
        }

    def _parts_with(self, image: str) -> list[str]:
        if image not in self.part_of:
            raise OptionError(f"The run has no radiograph {image!r}.", "See the column `image` of its scores.")
        name = self.part_of[image]
        return [name] if name in parts(self.folder, "maps") else []

    def _schema(self, name: str) -> pa.Schema:
        if name not in TABLES:
            raise OptionError(f"There is no table {name!r}.", names_hint(name, TABLES))
        return schema_of(name, half=self.about["half"])

    def _dataset(self, name: str) -> ds.Dataset:
        places = [self.folder.place(f"{name}/{part}") for part in parts(self.folder, name)]
        schema = self._schema(name)
        if not places:
            return ds.dataset(schema.empty_table())
        return ds.dataset(places, schema=schema, filesystem=self.folder.filesystem, format="parquet")

    def _explanation(self, row: Mapping[str, Any]) -> Explanation:
        about = self.about["explainers"][row["explainer"]]
        values = (row["cells"].astype(np.float64) * row["scale"]).astype(np.float32)
        values = values.reshape(row["rows"], row["columns"])
        values.flags.writeable = False
        size = self.about["input"].get("size")
        return Explanation(
            map=values,
            finding=row["finding"],
            explainer=row["explainer"],
            title=about["title"],
            options=json.loads(row["options"]),
            unit=row["unit"],
            signed=row["signed"],
            stochastic=about["stochastic"],
            control=about["control"],
            seed=self.about["seed"],
            seconds=row["seconds"],
            passes={"forward": row["forward"], "backward": row["backward"]},
            cached=row["shared"],
            notes=json.loads(row["notes"]),
            model=Identity(**self.about["model"]),
            input_digest=row["input_digest"],
            frame=Frame(tuple(row["image_size"]), (size, size), tuple(row["crop"])),
            versions=self.about["versions"],
        )


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows, their cells as NumPy arrays."""
    cells = table["cells"].combine_chunks()
    plain = table.drop_columns(["cells"])
    for at, row in enumerate(plain.to_pylist()):
        yield {**row, "cells": cells[at].values.to_numpy(zero_copy_only=False)}
