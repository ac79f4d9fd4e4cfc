"""Soft labels: a table of logits that any network gave to the training pictures, or to augmented views of them.

As `.npz`:

    images        (N,) names, as the table of labels has them
    findings      (n,) names, in the order of the logits; order is free, all that are trained on must be there
    logits        (N, n), or (N, V, n) for views
    views         (V,) whole numbers, the seeds of the views (`Augmentation.view`)
    augmentation  JSON of the fields of `Augmentation` that the views were made with, and
    detail        side in pixels that the pictures were averaged to before; both are needed with views
    folds         (N,) numbers of the folds whose networks gave the logits, where each was trained without its
                  fold's patients: for `python -m cxr cross-validate`

As `.parquet`: a row a picture, or a picture's view, with columns `image`, `view` (the seed), `fold`, and one for each
finding; `augmentation` and `detail` are in the schema's metadata. Every picture has the same views.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.training.augmentation import Augmentation
from hub.errors import names_hint

FIELDS = ("images", "findings", "logits", "views", "augmentation", "detail", "folds")
OTHER_COLUMNS = ("image", "view", "fold")
"""Columns of a Parquet table that are not findings."""


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """Logits of pictures, row by row.

    logits        (rows, V, n) float32; V is 1 where they are of the pictures and not of views
    views         seeds of the V views, None where the student may augment the pictures as it likes
    augmentation  what the views were made with, and `detail`, the side to which pictures were averaged first
    folds         of the rows, None where the networks were not cross-validated
    """

    images: tuple[str, ...]
    findings: tuple[str, ...]
    logits: np.ndarray
    views: tuple[int, ...] | None = None
    augmentation: Augmentation | None = None
    detail: int | None = None
    folds: tuple[int, ...] | None = None

    def aligned(self, table: LabelTable) -> "SoftLabels":
        """The logits in the order of a table of labels. Raises LabelError for a picture or finding without logits."""
        if lacking := [finding for finding in table.findings if finding not in self.findings]:
            raise LabelError(
                f"The soft labels have no logits of {', '.join(lacking)}.", names_hint(lacking[0], self.findings)
            )
        row_of = {image: row for row, image in enumerate(self.images)}
        if missing := [image for image in table.images if image not in row_of]:
            raise LabelError(
                f"The soft labels lack {len(missing)} of {len(table)} pictures, such as {missing[0]!r}.",
                f"Names must be those of the table of labels; here they are as {self.images[0]!r}.",
            )
        rows = [row_of[image] for image in table.images]
        columns = [self.findings.index(finding) for finding in table.findings]
        return replace(
            self,
            images=table.images,
            findings=table.findings,
            logits=self.logits[rows][:, :, columns],
            folds=tuple(self.folds[row] for row in rows) if self.folds else None,
        )

    def check_views(self, augmentation: Augmentation, detail: int) -> None:
        """LabelError unless a recipe makes the same views."""
        if self.views is None or self.augmentation is None:
            return
        theirs = asdict(self.augmentation) | {"detail": self.detail}
        ours = asdict(augmentation) | {"detail": detail}
        if different := [
            f"{name} {theirs[name]} (recipe: {ours[name]})" for name in ours if ours[name] != theirs[name]
        ]:
            raise LabelError(
                f"The soft labels were made with other views: {', '.join(different)}.",
                "Give the same numbers in --recipe.",
            )

    def probabilities(self, rows: np.ndarray, views: np.ndarray, temperature: float) -> np.ndarray:
        """(len(rows), n) float32: σ(logit / temperature) of one view of each row."""
        return 0.5 * (1 + np.tanh(self.logits[rows, views] / (2 * temperature)))


def read_soft_labels(file: Path) -> SoftLabels:
    """Read and check a table of logits. Raises LabelError, naming what is wrong."""
    if not file.is_file():
        raise LabelError(f"There is no table of soft labels {str(file)!r}.")
    if file.suffix not in READERS:
        raise LabelError(f"{file.name} is not a table of soft labels.", f"Known: {', '.join(READERS)}.")
    return _checked(READERS[file.suffix](file), file.name)


def write_soft_labels(file: Path, labels: SoftLabels) -> None:
    """Write an `.npz` that `read_soft_labels` reads; logits are stored as float16, which is precise enough for them."""
    fields: dict[str, Any] = {"images": labels.images, "findings": labels.findings}
    fields["logits"] = (labels.logits if labels.views is not None else labels.logits[:, 0]).astype(np.float16)
    if labels.views is not None and labels.augmentation is not None:
        fields |= {"views": labels.views, "detail": labels.detail}
        fields["augmentation"] = json.dumps(asdict(labels.augmentation))
    if labels.folds is not None:
        fields["folds"] = labels.folds
    np.savez_compressed(file, **fields)


def _from_npz(file: Path) -> dict[str, Any]:
    try:
        with np.load(file) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise LabelError(f"{file.name} can't be read as NumPy's .npz: {type(error).__name__}.") from error


def _from_parquet(file: Path) -> dict[str, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise LabelError("Reading Parquet needs pyarrow.", "pip install 'cxr-lens[train]'") from error
    try:
        table = pyarrow.parquet.read_table(file)
    except pyarrow.ArrowException as error:
        raise LabelError(f"{file.name} can't be read as Parquet: {type(error).__name__}.") from error
    if "image" not in table.column_names:
        raise LabelError(f"{file.name} has no column `image`.", names_hint("image", table.column_names))
    findings = [name for name in table.column_names if name not in OTHER_COLUMNS]
    logits = np.stack([np.asarray(table[name].to_numpy(), np.float32) for name in findings], axis=1)
    images = np.array(table["image"].to_pylist())
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    found = {name: metadata[name] for name in ("augmentation", "detail") if name in metadata}
    if "view" not in table.column_names:
        folds = {"folds": table["fold"].to_numpy()} if "fold" in table.column_names else {}
        return {"images": images, "findings": findings, "logits": logits} | folds
    return found | _by_view(images, np.asarray(table["view"].to_numpy()), logits, file.name) | {"findings": findings}


def _by_view(images: np.ndarray, views: np.ndarray, logits: np.ndarray, name: str) -> dict[str, Any]:
    """Rows of single views as (N, V, n), pictures in alphabetical and views in ascending order."""
    pictures, seeds = np.unique(images), np.unique(views)
    order = np.lexsort((views, images))
    whole = len(order) == len(pictures) * len(seeds)
    if not whole or (views[order].reshape(len(pictures), -1) != seeds).any():
        raise LabelError(f"In {name}, not every picture has the same views, once each.")
    return {"images": pictures, "views": seeds, "logits": logits[order].reshape(len(pictures), len(seeds), -1)}


READERS = {".npz": _from_npz, ".parquet": _from_parquet}


def _checked(raw: Mapping[str, Any], name: str) -> SoftLabels:
    if lacking := [field for field in FIELDS[:3] if field not in raw]:
        raise LabelError(f"{name} lacks {', '.join(lacking)}.", f"Expected: {', '.join(FIELDS)}.")
    images, findings = (tuple(map(str, np.asarray(raw[field]).tolist())) for field in ("images", "findings"))
    logits = np.asarray(raw["logits"], np.float32)
    views = tuple(map(int, np.asarray(raw["views"]).tolist())) if "views" in raw else None
    expected = (len(images), *(() if views is None else (len(views),)), len(findings))
    if logits.shape != expected:
        raise LabelError(f"The logits in {name} have the shape {logits.shape}; {expected} was expected.")
    for what, names in (("image", images), ("finding", findings), ("view", views or ())):
        if len(set(names)) < len(names):
            raise LabelError(f"{name} has the same {what} twice.")
    if not np.isfinite(logits).all():
        row = int(np.argwhere(~np.isfinite(logits))[0][0])
        raise LabelError(f"{name} has logits that are not finite, first at {images[row]!r}.")
    folds = tuple(map(int, np.asarray(raw["folds"]).tolist())) if "folds" in raw else None
    if folds is not None and len(folds) != len(images):
        raise LabelError(f"{name} has {len(folds)} folds for {len(images)} pictures.", "Each picture needs one.")
    if views is None:
        return SoftLabels(images, findings, logits[:, None], folds=folds)
    return SoftLabels(images, findings, logits, views, *_made_with(raw, name), folds)


def _made_with(raw: Mapping[str, Any], name: str) -> tuple[Augmentation, int]:
    try:
        return Augmentation(**json.loads(str(raw["augmentation"]))), int(raw["detail"])
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(
            f"{name} does not say how its views were made: {error}.",
            "Views need `augmentation`, the fields of cxr.training.augmentation.Augmentation as JSON, and `detail`.",
        ) from error


def averaged(tables: Sequence[SoftLabels]) -> SoftLabels:
    """The mean of the logits of tables that are aligned to the same pictures; LabelError unless their views agree."""
    first = tables[0]
    if any((each.views, each.augmentation, each.detail) != (first.views, first.augmentation, first.detail)
           for each in tables):  # fmt: skip
        raise LabelError("The tables of soft labels are of different views.", "Write them with the same views.")
    return replace(first, logits=np.mean([each.logits for each in tables], axis=0), folds=None)


def described(file: Path, labels: SoftLabels, digest: str) -> Mapping[str, Any]:
    """An entry in `training.teachers` of a checkpoint that was trained on this table."""
    return {"name": file.name, "sha256": digest, "views": len(labels.views or ())}
