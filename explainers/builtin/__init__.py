"""The built-in explainers, one per file. They are registered through the same hook as plugins."""
