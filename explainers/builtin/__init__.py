"""The explainers that come with the house, one a file. They enter through the same hook as everyone's."""
