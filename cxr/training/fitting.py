"""The training run itself: stages of epochs; each epoch is measured and saved, and a run can resume from it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from cxr.densenet import assign, weights_of
from cxr.evaluation.auc import mean_auc
from cxr.training.batches import TrainingBatches
from cxr.training.class_weights import ClassWeights
from cxr.training.loss import DistillationLoss, WeightedBinaryCrossentropy
from cxr.training.network import logits_of, remeasure_norms, set_trainable
from cxr.training.pictures import Pictures
from cxr.training.recipe import Recipe, Stage
from cxr.training.run_state import BEST, RunState, load_weights, save_weights
from cxr.training.sampling import weights_for_share
from cxr.training.soft_labels import SoftLabels
from cxr.training.teachers import Teacher, following

LOWEST_RATE = 0.01
"""The learning rate at the cosine's end, as a share of the highest one."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is trained on what.

    folder       where the run keeps its state
    teachers     networks to distil from, as the recipe's `distillation` says, or
    soft_labels  a table of logits in the order of the training pictures; neither for training on labels alone
    tell         called with (event, figures): "batch" after each batch, "epoch" after each epoch that was measured
    """

    model: keras.Model
    recipe: Recipe
    training: Pictures
    validation: Pictures
    weights: ClassWeights
    folder: Path
    workers: int = 2
    teachers: Sequence[Teacher] = ()
    soft_labels: SoftLabels | None = None
    tell: Callable[[str, Mapping], None] = lambda event, figures: None

    @property
    def distils(self) -> bool:
        """Whether the network is distilled from teachers or soft labels."""
        return bool(self.teachers) or self.soft_labels is not None


def fit(job: Job, state: RunState) -> RunState:
    """Run the stages from where `state` stands; the model then has the best weights of the last stage.

    The best of a stage is what the next one starts from. At the end the norms' statistics are measured again, and
    kept if the validation's mean AUC doesn't fall by it.
    """
    while state.stage < len(job.recipe.stages):
        if state.stage:
            assign(job.model, load_weights(job.folder / BEST))
        state = _run_stage(job, state)
        last = state.stage + 1 == len(job.recipe.stages)
        state = replace(state.next_stage(), best=state.best if last else {})
        state.save(job.folder)
    assign(job.model, load_weights(job.folder / BEST))
    _measure_norms_again(job)
    return state


def _run_stage(job: Job, state: RunState) -> RunState:
    recipe, stage = job.recipe, job.recipe.stages[state.stage]
    set_trainable(job.model, stage.trainable)
    batches = TrainingBatches(
        job.training,
        size=stage.size,
        batch=stage.batch,
        augmentation=recipe.augmentation,
        without_finding=recipe.without_finding,
        mixup=recipe.mixup,
        soft_labels=job.soft_labels,
        temperature=recipe.distillation.temperature if job.distils and recipe.distillation else 1.0,
        seed=recipe.seed + state.stage,
        epoch=state.epoch,
        workers=job.workers,
    )
    optimiser = _optimiser(recipe, stage, len(batches))
    fitted, loss = _fitted(job, state.stage)
    fitted.compile(
        optimizer=optimiser,
        loss=loss,
        # XLA pays on accelerators; TensorFlow on a processor gains nothing and compiles for minutes
        jit_compile=keras.backend.backend() == "jax",
    )
    optimiser.build(fitted.trainable_variables)
    if state.weights:
        fitted.load_weights(job.folder / state.weights)
    keeper = _Keeper(job, state)
    swap = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if recipe.averaging else []
    fitted.fit(
        batches,
        epochs=stage.epochs,
        initial_epoch=state.epoch,
        shuffle=False,  # the batches shuffled their rows; a resumed run shuffles them the same way
        callbacks=[_RawWeights(keeper), *swap, keeper],
        verbose=0,
    )
    return keeper.state


def _fitted(job: Job, stage: int) -> tuple[keras.Model, keras.losses.Loss]:
    """(model, loss) that Keras fits: the network, or a model around it that has the teachers' outputs too."""
    labels_loss = WeightedBinaryCrossentropy(job.weights.pos_weights, job.weights.neg_weights)
    how, recipe = job.recipe.distillation, job.recipe
    if not job.distils or how is None:
        return job.model, labels_loss
    around = following(job.model, job.teachers, how, size=recipe.stages[stage].size, seed=recipe.seed + stage)
    loss = DistillationLoss(labels_loss, weight=how.weight, temperature=how.temperature, features=how.features)
    return around, loss


def _optimiser(recipe: Recipe, stage: Stage, batches: int) -> keras.optimizers.Optimizer:
    steps = stage.epochs * batches
    warm_up = max(1, round(recipe.warm_up * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        stage.learning_rate * LOWEST_RATE,
        max(1, steps - warm_up),
        alpha=LOWEST_RATE,
        warmup_target=stage.learning_rate,
        warmup_steps=warm_up,
    )
    optimiser = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=1.0,
        use_ema=bool(recipe.averaging),
        ema_momentum=recipe.averaging or 0.99,
    )
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


def _validated(job: Job, size: int) -> float:
    """Mean AUC of the model on validation, weighted to the recipe's share of pictures without a finding."""
    table = job.validation.table
    weights = weights_for_share(table, job.recipe.without_finding)
    auc = mean_auc(table.values, logits_of(job.model, job.validation, size=size), weights)
    return float("nan") if auc is None else auc


def _measure_norms_again(job: Job) -> None:
    if not job.recipe.norm_pictures:
        return
    size, before = job.recipe.size, weights_of(job.model)
    was = _validated(job, size)
    remeasure_norms(job.model, job.training, size=size, count=job.recipe.norm_pictures, seed=job.recipe.seed)
    now = _validated(job, size)
    if now < was:
        assign(job.model, before)
    job.tell("norms", {"before": was, "after": now, "kept": bool(now >= was)})


class _RawWeights(keras.callbacks.Callback):
    """Writes what the next epoch starts from, before the averaged weights are put in the model to be measured."""

    def __init__(self, keeper: "_Keeper") -> None:
        super().__init__()
        self._keeper = keeper

    def on_epoch_end(self, epoch: int, logs: Mapping | None = None) -> None:
        self.model.save_weights(self._keeper.file_of(epoch))


class _Keeper(keras.callbacks.Callback):
    """Measures each epoch, saves the best weights, and records both in one step."""

    def __init__(self, job: Job, state: RunState) -> None:
        super().__init__()
        self.state = state
        self._job, self._stage = job, job.recipe.stages[state.stage]
        self._began = time.monotonic()

    def file_of(self, epoch: int) -> Path:
        return self._job.folder / f"epoch-{self.state.stage}-{epoch}.weights.h5"

    def on_epoch_begin(self, epoch: int, logs: Mapping | None = None) -> None:
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        self._job.tell("batch", {"stage": self.state.stage, "pictures": self._stage.batch, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Mapping | None = None) -> None:
        auc = _validated(self._job, self._stage.size)
        row = {
            "stage": self.state.stage,
            "epoch": epoch,
            "size": self._stage.size,
            "loss": float((logs or {}).get("loss", float("nan"))),
            "validation_mean_auc": auc,
            "seconds": round(time.monotonic() - self._began, 1),
        }
        best = self.state.best
        if not best or auc > best["mean_auc"] or np.isnan(best["mean_auc"]):
            save_weights(self._job.folder / BEST, weights_of(self._job.model))
            best = {"mean_auc": auc, "stage": self.state.stage, "epoch": epoch}
        self.state = replace(
            self.state, epoch=epoch + 1, weights=self.file_of(epoch).name, best=best, history=(*self.state.history, row)
        )
        self.state.save(self._job.folder)
        self._job.tell("epoch", row)
