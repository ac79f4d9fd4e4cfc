"""What the operator decides, once, before the page starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PageSettings:
    """How the page is served.

    model    source string of the checkpoint, as `hub.resolve` reads it
    plugins  files or modules with explainers
    host     address to listen on; "0.0.0.0" for all of the machine's
    port     None for the first free one from 7860 on, or GRADIO_SERVER_PORT
    """

    model: str = "starter"
    plugins: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int | None = None
