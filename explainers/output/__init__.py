"""Explanations as files: pictures, arrays, JSON, an HTML report, code snippets."""
