"""Measures of an explanation, one a file: how far to believe it. They enter through the hook `cxr_lens_measures`."""
