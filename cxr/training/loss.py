"""Class-weighted binary cross-entropy, from logits, with labels that may be unknown."""

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable("cxr_lens")
class WeightedBinaryCrossentropy(keras.losses.Loss):
    """−mean over the batch of Σ over findings of  pos_weight·y·log p + neg_weight·(1 − y)·log(1 − p).

    y     (N, n) labels 0 to 1 (between them where pictures were mixed); NaN where not known, which counts nothing
    p     σ of the logits `(N, n)`; its logarithm is taken from the logit, so that ±50 gives finite gradients

    The weights are those of `cxr.training.class_weights`, in the order of the logits: a rare positive that is missed
    costs more than a common one.
    """

    def __init__(
        self, pos_weights: Sequence[float], neg_weights: Sequence[float], *, name: str = "weighted_bce", **kwargs
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pos_weights, self.neg_weights = list(pos_weights), list(neg_weights)

    def call(self, y_true, y_pred):
        logits = ops.cast(y_pred, "float32")
        labels = ops.cast(y_true, "float32")
        known = ops.logical_not(ops.isnan(labels))
        labels = ops.where(known, labels, 0.0)
        positive = ops.convert_to_tensor(self.pos_weights, "float32") * labels * ops.log_sigmoid(logits)
        negative = ops.convert_to_tensor(self.neg_weights, "float32") * (1 - labels) * ops.log_sigmoid(-logits)
        return -ops.sum(ops.where(known, positive + negative, 0.0), axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "pos_weights": self.pos_weights, "neg_weights": self.neg_weights}


@keras.saving.register_keras_serializable("cxr_lens")
class DistillationLoss(keras.losses.Loss):
    """(1 − weight)·labels' loss + weight·T²·Σ over findings of −q·log p − (1 − q)·log(1 − p) + features·d.

    y_pred    (N, 2n + 1): logits z of the student, q = σ(z / T) of the teacher, and d, one minus the cosine of features
    y         (N, n) labels for the first term, see `WeightedBinaryCrossentropy`
    p         σ(z / T) of the student

    T² keeps the soft loss's gradients as large as they are at T = 1.
    """

    def __init__(
        self,
        labels_loss: WeightedBinaryCrossentropy,
        *,
        weight: float,
        temperature: float,
        features: float,
        name: str = "distillation",
        **kwargs,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.labels_loss, self.weight, self.temperature, self.features = labels_loss, weight, temperature, features

    def call(self, y_true, y_pred):
        count = len(self.labels_loss.pos_weights)
        logits, soft, distance = y_pred[:, :count], y_pred[:, count : 2 * count], y_pred[:, 2 * count]
        softened = ops.cast(logits, "float32") / self.temperature
        followed = -ops.sum(soft * ops.log_sigmoid(softened) + (1 - soft) * ops.log_sigmoid(-softened), axis=-1)
        labelled = self.labels_loss.call(y_true, logits)
        return (1 - self.weight) * labelled + self.weight * self.temperature**2 * followed + self.features * distance

    def get_config(self) -> dict:
        fields = {"weight": self.weight, "temperature": self.temperature, "features": self.features}
        return {**super().get_config(), "labels_loss": keras.saving.serialize_keras_object(self.labels_loss), **fields}

    @classmethod
    def from_config(cls, config: dict) -> "DistillationLoss":
        return cls(**config | {"labels_loss": keras.saving.deserialize_keras_object(config["labels_loss"])})
