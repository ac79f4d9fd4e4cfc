"""Runs explainers and measures: threads, progress, cancellation, isolation."""
