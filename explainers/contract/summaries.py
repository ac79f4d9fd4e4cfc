"""One line that says what a plugin's class is, from its docstring."""


def first_paragraph(docstring: str | None) -> str:
    """The docstring's first paragraph, on one line; "" without one."""
    return " ".join((docstring or "").split("\n\n")[0].split())
