"""Measures of an explanation, one per file: how far to believe it. They are registered through `cxr_lens_measures`."""
