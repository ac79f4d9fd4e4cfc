"""`python -m cxr train`: from tables and pictures to a checkpoint's folder."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable, Policy, read_labels
from cxr.evaluation.splits import check_disjoint, fold_of, split_by_patient
from cxr.findings import FINDINGS
from cxr.training.class_weights import ClassWeights, class_weights, read_class_weights, without_positives
from cxr.training.cost_estimate import estimated
from cxr.training.devices import on_all_devices
from cxr.training.errors import TrainingError
from cxr.training.finishing import finish
from cxr.training.fitting import Job, fit
from cxr.training.network import trainable_network
from cxr.training.pictures import Pictures, joined, pack
from cxr.training.progress import Progress
from cxr.training.recipe import Recipe
from cxr.training.run_state import load_state
from cxr.training.sampling import drawn_rows
from cxr.training.soft_labels import SoftLabels, averaged, described, read_soft_labels
from cxr.training.teachers import Teacher, load_teacher
from hub.errors import names_hint
from hub.files import sha256_of

WORK = "run"
"""Folder within --out that holds the run's state and packed pictures; it can be deleted when the run is over."""

DRAWN_SHARE = 0.1
"""Of the patients, kept for validation where a table has no parts."""


@dataclass(frozen=True)
class Sources:
    """Labelled pictures to train on.

    labels, images     tables, and a folder for each
    part, validation   values of the column `part`; a table without that column is split by patient
    limit              largest number of pictures of each part, None for all
    fold               (number, of how many): both parts are trained on together, without the patients of that fold
                       (`fold_of`), who take the place of the validation part; None for the parts as they are
    """

    labels: Sequence[Path]
    images: Sequence[Path]
    findings: Sequence[str] = FINDINGS
    part: str = "train"
    validation: str = "validation"
    uncertain: Policy = "ignore"
    missing: Policy = "ignore"
    limit: int | None = None
    fold: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.fold and not 1 <= self.fold[0] <= self.fold[1] >= 2:
            raise TrainingError(
                f"There is no fold {self.fold[0]} of {self.fold[1]}.",
                "Folds are numbered from 1, and there are two or more.",
            )
        if len(self.labels) != len(self.images):
            raise TrainingError(
                f"{len(self.labels)} tables and {len(self.images)} folders were given.",
                "Give one --images for each --labels.",
            )


@dataclass(frozen=True)
class Followed:
    """What a network is distilled from: checkpoints of this project, or tables of any network's logits."""

    teachers: Sequence[str] = ()
    soft_labels: Sequence[Path] = ()

    def check(self, recipe: Recipe) -> None:
        """TrainingError for a recipe that doesn't fit."""
        if self.teachers and self.soft_labels:
            raise TrainingError("Teachers and a table of soft labels were given.", "Give --teacher or --soft-labels.")
        given = bool(self.teachers or self.soft_labels)
        if recipe.distillation and not given:
            raise TrainingError("Distillation is asked for, without a teacher.", "Give --teacher or --soft-labels.")
        if given and not recipe.distillation:
            raise TrainingError("A teacher was given, but the recipe has no distillation.", "Add `distillation` to it.")
        if self.soft_labels and recipe.distillation and recipe.distillation.features:
            raise TrainingError("A table of soft labels has no features.", "Give --teacher, or --feature-weight 0.")


def train(
    sources: Sources,
    recipe: Recipe,
    out: Path,
    *,
    init: str = "none",
    weights_file: Path | None = None,
    followed: Followed | None = None,
) -> Path:
    """Train, or resume a run that was stopped, and write the checkpoint's folder; returns it.

    Raises TrainingError, LabelError, SourceError or CheckpointError before anything is trained.
    """
    followed = followed or Followed()
    followed.check(recipe)
    work = out / WORK
    work.mkdir(parents=True, exist_ok=True)
    training, validation = _pictures(sources, recipe, work)
    drawn = training.table.take(drawn_rows(training.table, recipe.without_finding, np.random.default_rng(recipe.seed)))
    weights = _weights(drawn, sources.findings, weights_file).evened(recipe.evened)
    keras.config.set_dtype_policy(recipe.precision)
    keras.utils.set_random_seed(recipe.seed)
    spread, devices = on_all_devices()
    with spread:
        teachers, soft_labels, origins = _followed(followed, recipe, training)
        state = load_state(work, _identity_of_run(recipe, training, validation, init, origins, sources.fold))
        model, origin = trainable_network(init, sources.findings)
        print(f"Training {origin}: {len(training)} pictures of {_patients(training)} patients; validation: "
              f"{len(validation)} of {_patients(validation)}.")  # fmt: skip
        if len(drawn) < len(training):
            print(f"Each epoch draws {len(drawn)} of them, {recipe.without_finding:.0%} without a finding.")
        if devices > 1:
            print(f"Each batch is shared by {devices} devices.")
        if not state.history:
            print(estimated(model, recipe, training, len(drawn), teachers))
        progress = Progress(recipe, len(drawn), state, work)
        job = Job(model, recipe, training, validation, weights, work, teachers=teachers, soft_labels=soft_labels,
                  tell=progress.tell)  # fmt: skip
        state = fit(job, state)
    progress.close()
    data = ", ".join(file.name for file in sources.labels)
    provenance: dict[str, Any] = {"teachers": origins} if origins else {}
    if sources.fold:
        provenance["fold"] = dict(zip(("fold", "of"), sources.fold, strict=True))
    return finish(job, state, out, origin=origin, data=data, provenance=provenance)


def _followed(
    followed: Followed, recipe: Recipe, training: Pictures
) -> tuple[Sequence[Teacher], SoftLabels | None, list[Mapping]]:
    """(teachers, soft labels of the training pictures, the checkpoint's entry for them)."""
    if followed.soft_labels:
        tables = [read_soft_labels(file) for file in followed.soft_labels]
        for table in tables:
            table.check_views(recipe.augmentation, recipe.detail)
        origins = [described(file, table, sha256_of(file))
                   for file, table in zip(followed.soft_labels, tables, strict=True)]  # fmt: skip
        return (), averaged([table.aligned(training.table) for table in tables]), origins
    teachers = [load_teacher(source, training.table.findings) for source in followed.teachers]
    for teacher in teachers:
        print(f"Following {teacher.origin['name']} (sha256 {teacher.origin['sha256'][:12]}…), {teacher.size} px.")
    return teachers, None, [teacher.origin for teacher in teachers]


def _pictures(sources: Sources, recipe: Recipe, work: Path) -> tuple[Pictures, Pictures]:
    """Pictures of training and of validation, which share no patient."""
    read = _tables(sources)
    _check_parts(read, sources)
    tables = [_parts(table, sources, recipe.seed) for table in read]
    parts = []
    for name, each in zip(("train", "validation"), zip(*tables, strict=True), strict=True):
        packed = [
            pack(_limited(table, sources.limit, recipe.seed), folder, side=recipe.detail, cache=work)
            for table, folder in zip(each, sources.images, strict=True)
            if len(table)
        ]
        if not packed:
            raise TrainingError(f"There are no pictures for {name}.", "Check --part and --validation.")
        parts.append(joined(packed))
        _tell_unreadable(name, parts[-1].unreadable)
    training, validation = parts
    check_disjoint({"training": training.table, "validation": validation.table})
    return training, validation


def _tables(sources: Sources) -> list[LabelTable]:
    tables = [
        read_labels(file, findings=sources.findings, uncertain=sources.uncertain, missing=sources.missing)
        for file in sources.labels
    ]
    for note in (note for table in tables for note in table.notes):
        print(f"note: {note}", file=sys.stderr)
    return tables


def _parts(table: LabelTable, sources: Sources, seed: int) -> tuple[LabelTable, LabelTable]:
    if sources.fold:
        return _without_fold(table, sources, *sources.fold)
    if "part" not in table.columns:
        return split_by_patient(table, share=DRAWN_SHARE, seed=seed)
    parts = np.array(table.columns["part"])
    return table.take(parts == sources.part), table.take(parts == sources.validation)


def _without_fold(table: LabelTable, sources: Sources, fold: int, folds: int) -> tuple[LabelTable, LabelTable]:
    """(pictures of the other folds, those of the fold); a table without a validation part is for training alone."""
    parts = np.array(table.columns.get("part", [sources.validation] * len(table)))
    used = np.isin(parts, [sources.part, sources.validation])
    held_out = fold_of(table.patients, folds) == fold
    return table.take(used & ~held_out), table.take(used & held_out & (sources.validation in parts))


def _check_parts(tables: Sequence[LabelTable], sources: Sources) -> None:
    """Raise LabelError for a part that no table has. One of several tables may lack it."""
    if all("part" in table.columns for table in tables):
        known = {name for table in tables for name in table.columns["part"]}
        for wanted in (sources.part, sources.validation):
            if wanted not in known:
                raise LabelError(f"No table has a part {wanted!r}.", names_hint(wanted, sorted(known)))


def _limited(table: LabelTable, limit: int | None, seed: int) -> LabelTable:
    if limit is None or limit >= len(table):
        return table
    return table.take(np.sort(np.random.default_rng(seed).permutation(len(table))[:limit]))


def _tell_unreadable(part: str, unreadable: Mapping[str, str]) -> None:
    for image, reason in list(unreadable.items())[:5]:
        print(f"warning: {image} is skipped: {reason}", file=sys.stderr)
    if unreadable:
        print(f"warning: {len(unreadable)} pictures of {part} are skipped.", file=sys.stderr)


def _weights(table: LabelTable, findings: Sequence[str], file: Path | None) -> ClassWeights:
    if lacking := without_positives(table):
        print(f"warning: no positive of {', '.join(lacking)}: the network can't learn it.", file=sys.stderr)
    return read_class_weights(file, labels=findings) if file else class_weights(table)


def _identity_of_run(
    recipe: Recipe,
    training: Pictures,
    validation: Pictures,
    init: str,
    teachers: Sequence[Mapping],
    fold: tuple[int, int] | None,
) -> dict:
    """Everything that must be the same for a run to be resumed."""
    pictures = {"training": len(training), "validation": len(validation), "findings": list(training.table.findings)}
    followed = {"teachers": [origin["sha256"] for origin in teachers]} if teachers else {}
    without = {"fold": list(fold)} if fold else {}
    return {"recipe": recipe.to_json(), "init": init, **pictures, **followed, **without}


def _patients(pictures: Pictures) -> int:
    return len(set(pictures.table.patients))
