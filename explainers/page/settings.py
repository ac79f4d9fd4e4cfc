"""What the operator decides, once, before the page starts."""

from dataclasses import dataclass, field

from explainers.page.limits import Limits


@dataclass(frozen=True)
class PageSettings:
    """How the page is served.

    models   source strings of the checkpoints offered, as `hub.resolve` reads them; the first is the default
    presets  files with further presets
    plugins  files or modules with explainers
    reload   whether plugins' files are imported anew when they change
    isolate  seconds that a plugin's explainer may take, in a process of its own; None for no limit
    samples  folder of further pictures to try the page with, or None
    engine   what computes forward passes, as `Predictor.load` reads it
    host     address to listen on; "0.0.0.0" for all of the machine's
    port     None for the first free one from 7860 on, or GRADIO_SERVER_PORT
    limits   what visitors and programs may ask of the server
    log      "text" or "json"
    mcp      whether the endpoints are tools of the Model Context Protocol too
    """

    models: tuple[str, ...] = ("starter",)
    presets: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    reload: bool = False
    isolate: float | None = None
    samples: str | None = None
    engine: str = "auto"
    host: str = "127.0.0.1"
    port: int | None = None
    limits: Limits = field(default_factory=Limits)
    log: str = "text"
    mcp: bool = False
