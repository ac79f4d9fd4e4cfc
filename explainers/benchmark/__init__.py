"""A benchmark of explainers on a data set with boxes, compared with controls."""
