"""Starts the page: `python demo.py [--model SOURCE] [--plugin FILE_OR_MODULE]… [--reload] [--isolate SECONDS|off]
[--samples DIR] [--host ADDRESS] [--port NUMBER]`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cxr.engine import ENGINES
from cxr.stated_arguments import add_stated, stated_of
from explainers.page import Limits, PageSettings, serve
from hub.command_line import add_presets, add_version, existing_folder, run
from hub.errors import SourceError
from hub.keras_file import is_keras_file
from hub.sources import STATED_HINT

DEFAULT_MODEL = "medmae"
"""Pulled from the Hub once; where that can't be reached, the packaged starter takes its place and the page says so."""

DEFAULT_MODELS = (DEFAULT_MODEL, "lite0")
"""The second one is packaged, and of another family: two networks can be compared without a connection."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and serve the page until the process is asked to end; the exit status."""
    return run(parser(), arguments)


def _serve(given: argparse.Namespace) -> int:
    if stated_of(given) and not any(is_keras_file(Path(each).expanduser()) for each in given.model):
        raise SourceError("--labels and --input describe no network of --model.", STATED_HINT)
    serve(
        PageSettings(
            models=tuple(given.model or DEFAULT_MODELS),
            stated=stated_of(given),
            presets=tuple(map(str, given.presets)),
            plugins=tuple(given.plugin),
            reload=given.reload,
            isolate=given.isolate,
            samples=str(given.samples) if given.samples else None,
            engine=given.engine,
            host=given.host,
            port=given.port,
            limits=Limits.parse(given.limit),
            log=given.log,
            mcp=given.mcp,
            metrics_port=given.metrics_port,
        )
    )
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "cxr-lens",
        description="Serve the page on which explanations of a chest X-ray network are compared.",
        epilog="example:\n  cxr-lens --model starter --plugin my_explainer.py --port 8000",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(parser)
    _add_content(parser)
    _add_server(parser)
    parser.set_defaults(run=_serve)
    return parser


def _add_content(parser: argparse.ArgumentParser) -> None:
    """Options of what the page offers: networks, plugins, samples."""
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="SOURCE",
        help="a network: starter, lite0, a preset's name, a checkpoint's folder, a Keras model's file (.keras, .h5), "
        "the file of a plugin (.py) or its network's name, or org/name[@revision] on the Hub; repeatable, for a choice "
        f"on the page (default: {' and '.join(DEFAULT_MODELS)})",
    )
    add_stated(parser)
    add_presets(parser)
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE_OR_MODULE",
        help="plugin with more explainers; repeatable",
    )
    parser.add_argument("--reload", action="store_true", help="reload a plugin's file when it is saved (default: off)")
    parser.add_argument(
        "--isolate",
        type=_seconds,
        default="auto",
        metavar="SECONDS|off",
        help="run each plugin's explainer or network in a process of its own, ended after so many seconds; off: in "
        "this process (default: the limit explanation_s where others can reach the page, off where only this one can)",
    )
    parser.add_argument(
        "--samples", type=existing_folder, metavar="DIR", help="folder of pictures to offer as samples (default: none)"
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    """Options of how the page is served."""
    parser.add_argument(
        "--engine",
        default="auto",
        choices=ENGINES,
        help="library for forward passes (default: auto, which is onnxruntime if it is installed, else tensorflow)",
    )
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        metavar="ADDRESS",
        help="address to listen on (default: the variable GRADIO_SERVER_NAME, else 127.0.0.1)",
    )
    parser.add_argument(
        "--port", type=_port, metavar="NUMBER", help="port to listen on (default: the first free one from 7860 on)"
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"limit on what visitors may ask of the server; repeatable. Defaults: {Limits.help()}",
    )
    parser.add_argument("--log", default="text", choices=("text", "json"), help="form of log lines (default: text)")
    parser.add_argument(
        "--mcp", action="store_true", help="offer the endpoints as MCP tools; needs the extra mcp (default: off)"
    )
    parser.add_argument(
        "--metrics-port",
        type=_port,
        metavar="NUMBER",
        help="serve metrics for Prometheus on this port; needs the extra metrics (default: none)",
    )


def _seconds(text: str) -> float | str:
    if text in ("auto", "off"):
        return text
    seconds = float(text)
    if not 0 < seconds < 86400:
        raise argparse.ArgumentTypeError(f"{text} seconds is not a time limit; it must be above 0 and below 86400")
    return seconds


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is not a port; it must be a number from 1 to 65535")
    return port


def command() -> None:
    """The command `cxr-lens`."""
    status = main()
    if status:
        sys.exit(status)
    # The server has ended and removed its files. A network may still be being loaded, by libraries whose threads abort
    # the process when the interpreter ends.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    command()
