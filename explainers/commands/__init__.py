"""The commands of `python -m explainers`, a module for each group of them."""
