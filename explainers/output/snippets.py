"""The same comparison by code: the program and the command that compute these maps again."""

import json
import shlex
from collections.abc import Sequence
from pprint import pformat

from explainers.contract.explanation import Explanation


def file_comment(title: str = "", address: str = "", *, window: str = "") -> str:
    """Where the file comes from that the code names, as comments of Python and of a shell.

    title    of a picture that the page offers; "" for the reader's own file
    address  where it can be downloaded; "" if nowhere
    window   the one that a DICOM file was shown through
    """
    title = " ".join(title.split())  # a file's name may have a line's end in it
    if not title:
        return f"# {_file(window)} is the file that you sent.\n"
    if not address:
        return f"# {_file(window)} is “{title}”, a file of whoever runs the page.\n"
    return f"# {_file(window)} is “{title}”:\n# {shlex.join(['curl', '-L', '-o', _file(window), address])}\n"


def client_snippet(explanations: Sequence[Explanation], address: str, *, model: str = "", window: str = "") -> str:
    """Python for `gradio_client`, of explanations of one finding and one network; see `file_comment`.

    address  of the running page
    model    what the page calls the network; "" for its default
    window   the one that a DICOM file was shown through
    """
    first = explanations[0]
    options = {each.explainer: dict(each.options) for each in explanations if each.options}
    arguments = [
        f"image=handle_file({json.dumps(_file(window))}),",
        f"finding={first.finding!r},",
        f"explainers={_nested([each.explainer for each in explanations])},",
        *([f"options={_nested(options)},"] if options else []),
        f"seed={first.seed},",
        *([f"model={model!r},"] if model else []),
        *([f"window={window!r},"] if window else []),
        'api_name="/compare",',
    ]
    body = "\n".join(f"    {argument}" for argument in arguments)
    return (
        "import numpy as np\nfrom gradio_client import Client, handle_file\n\n"
        f"client = Client({address!r})\n"
        f"pictures, maps, answer = client.predict(\n{body}\n)\n"
        f'print(np.load(maps)["{first.explainer}/map"])\n'
    )


def command_line(explanations: Sequence[Explanation], *, window: str = "") -> str:
    """The command that computes them without a page, with the same network."""
    first = explanations[0]
    words = ["python", "-m", "explainers", "explain", _file(window), "--finding", first.finding]
    for each in explanations:
        words += ["--explainer", each.explainer]
    for each in explanations:
        for name, value in each.options.items():
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--option", f"{each.explainer}.{name}={text}"]
    words += ["--window", window] if window else []
    words += ["--seed", str(first.seed), "--model", first.model.source, "--out", "maps"]
    return shlex.join(words)


def _file(window: str) -> str:
    """What the reader's file may be called; only DICOM has windows."""
    return "radiograph.dcm" if window else "radiograph.png"


def _nested(value: object) -> str:
    """A literal, indented as an argument of a call."""
    return pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")
