"""Uses all accelerators of one machine for one training run: each processes its share of every batch.

Tested with two logical processors, on TensorFlow (MirroredStrategy) and JAX (keras.distribution). Several machines have
not been tested.
"""

from contextlib import AbstractContextManager, nullcontext

import keras


def on_all_devices() -> tuple[AbstractContextManager, int]:
    """(the context in which the network must be built and fitted, how many devices share a batch).

    One accelerator, none, or PyTorch's backend, which Keras does not spread: a context that does nothing, and 1.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _mirrored()
    if backend == "jax":
        return _data_parallel()
    return nullcontext(), 1


def _mirrored() -> tuple[AbstractContextManager, int]:
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(found) < 2:
        return nullcontext(), 1
    return tf.distribute.MirroredStrategy([device.name for device in found]).scope(), len(found)


def _data_parallel() -> tuple[AbstractContextManager, int]:
    found = keras.distribution.list_devices()
    if len(found) < 2:
        return nullcontext(), 1
    return keras.distribution.DataParallel(devices=found).scope(), len(found)
