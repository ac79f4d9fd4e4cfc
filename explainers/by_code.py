"""The same comparison by code: what a program or a command line has to say to get these maps again."""

import json
import shlex
from collections.abc import Sequence
from pprint import pformat

from explainers.contract import Explanation


def client_snippet(explanations: Sequence[Explanation], address: str, *, model: str = "", window: str = "") -> str:
    """Python for `gradio_client`, of explanations of one finding and one network; the file is the reader's own.

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


def command_line(explanations: Sequence[Explanation], *, model: str = "", window: str = "") -> str:
    """The command that does it without a page."""
    first = explanations[0]
    words = ["python", "-m", "explainers", "explain", _file(window), "--finding", first.finding]
    for each in explanations:
        words += ["--explainer", each.explainer]
    for each in explanations:
        for name, value in each.options.items():
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--option", f"{each.explainer}.{name}={text}"]
    words += ["--window", window] if window else []
    words += ["--seed", str(first.seed), *(["--model", model] if model else []), "--out", "maps"]
    return shlex.join(words)


def _file(window: str) -> str:
    """What the reader's file may be called; only DICOM has windows."""
    return "radiograph.dcm" if window else "radiograph.png"


def _nested(value: object) -> str:
    """A literal, indented as an argument of a call."""
    return pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")
