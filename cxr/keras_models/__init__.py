"""Whole Keras models from files: read without running foreign code, flattened, and ended in logits."""
