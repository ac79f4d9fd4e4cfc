"""Explainers measured over a data set with boxes: which of them are worth believing, and beside which controls."""
