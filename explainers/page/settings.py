"""What the operator decides, once, before the page starts."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from explainers.page.limits import Limits
from explainers.running.isolation import Isolation


@dataclass(frozen=True)
class PageSettings:
    """How the page is served.

    models   source strings of the checkpoints offered, as `hub.resolve` reads them; the first is the default
    stated   labels and input rule of whole Keras models among them, before what stands beside these
    presets  files with further presets
    plugins  files or modules with explainers
    reload   whether plugins' files are imported again when they change
    isolate  seconds that a plugin's explainer may take, in a separate process; "off" for this process; "auto" for
             separate processes wherever others can reach the page
    samples  folder of further pictures to try the page with, or None
    engine   what computes forward passes, as `Predictor.load` reads it
    host     address to listen on; "0.0.0.0" for all of the machine's
    port     None for the first free one from 7860 on, or GRADIO_SERVER_PORT
    limits   what visitors and programs may ask of the server
    log      "text" or "json"
    mcp      whether the endpoints are tools of the Model Context Protocol too
    metrics_port  where metrics for Prometheus are served, on the same host; None for nowhere
    """

    models: tuple[str, ...] = ("starter",)
    stated: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    reload: bool = False
    isolate: float | Literal["auto", "off"] = "auto"
    samples: str | None = None
    engine: str = "auto"
    host: str = "127.0.0.1"
    port: int | None = None
    limits: Limits = field(default_factory=Limits)
    log: str = "text"
    mcp: bool = False
    metrics_port: int | None = None

    def is_public(self) -> bool:
        """Whether others than this machine's users can reach the page: by its address, behind a proxy, on a Space."""
        behind_proxy = any(name in os.environ for name in ("SPACE_ID", "GRADIO_ROOT_PATH", "FORWARDED_ALLOW_IPS"))
        return behind_proxy or not _is_loopback(self.host)

    def isolation(self) -> Isolation | None:
        """What plugins may take in processes of their own; None if they run in this one."""
        if self.isolate == "off" or (self.isolate == "auto" and not self.is_public()):
            return None
        limit_s = self.limits.explanation_s if self.isolate == "auto" else self.isolate
        return Isolation(limit_s, self.limits.plugin_mb)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
