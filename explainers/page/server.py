"""Starting and ending the server: what is set before Gradio is imported, and what is deleted when it ends."""

import atexit
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.errors import Busy
from explainers.errors import OptionError
from explainers.page import heap, logs
from explainers.page.limits import MEBIBYTE
from explainers.page.networks import Networks
from explainers.page.private_folder import PrivateFolder
from explainers.page.request_heads import RequestHeads
from explainers.page.settings import PageSettings
from explainers.page.without_stubs import without_stubs
from explainers.registry import Registry
from explainers.running.printed import limit_streams

if TYPE_CHECKING:
    from gradio import Blocks

    from explainers.page.metrics import Metrics
    from explainers.page.state import AppState

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 10

CUT_OFF_S = 5
"""How long work that was cancelled may take to tell its callers."""

MOST_GRADIO_STATES = 200
"""Sessions whose last values Gradio keeps; they hold scores and addresses, never pictures."""

NO_PORT = "Cannot find empty port"
"""Beginning of Gradio's OSError if it found no port; other OSErrors have other causes."""


def run(settings: PageSettings) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then leave nothing behind."""
    logs.configure(settings.log)
    limit_streams()
    heap.configure()
    folder = PrivateFolder()
    atexit.register(folder.remove)
    _prepare_environment(folder)
    registry = Registry.standard(settings.plugins, isolation=settings.isolation())
    with without_stubs():
        import gradio  # noqa: F401

    logs.quiet_gradio()
    state = _state(settings, folder, registry)
    ended = threading.Event()
    for number in _ending_signals():
        signal.signal(number, lambda *_: ended.set())
    blocks, address, head = _launch(state)
    if state.metrics:
        _serve_metrics(state, blocks)
    state.networks.begin()
    threading.Thread(target=_prepare, args=(state,), name="prepare-samples", daemon=True).start()
    if settings.reload:
        _watch(state, blocks, head, ended)
    print(f"cxr-lens is at {address}", flush=True)
    heads = RequestHeads(lambda: blocks.server.server_state.connections)
    while not ended.wait(SWEEP_EVERY_S):
        _sweep(state.folder.sweep, state.sessions.sweep, heads.sweep)
    _stop(state)
    blocks.close(verbose=False)
    folder.remove()


def _state(settings: PageSettings, folder: PrivateFolder, registry: Registry) -> "AppState":
    from explainers.page.picture_memory import PictureMemory
    from explainers.page.samples import Samples
    from explainers.page.sessions import Sessions
    from explainers.page.state import AppState

    return AppState(
        settings,
        folder,
        _networks(settings, registry),
        registry,
        Samples(settings.samples),
        sessions=Sessions(settings.limits.sessions),
        pictures=PictureMemory(settings.limits.pictures_mb * MEBIBYTE),
        metrics=_metrics() if settings.metrics_port else None,
    )


def _metrics() -> "Metrics":
    try:
        from explainers.page.metrics import Metrics
    except ModuleNotFoundError as error:
        raise OptionError(
            "The package 'prometheus-client' is not installed.", "pip install 'cxr-lens[metrics]'"
        ) from error
    return Metrics()


def _serve_metrics(state: "AppState", blocks: "Blocks") -> None:
    """Answer on the port for metrics until the process ends. Raises Busy if the port is taken."""
    from explainers.page.metrics_port import serve

    try:
        serve(state, blocks)
    except OSError as error:
        raise Busy(f"Port {state.settings.metrics_port} can't be had.", "Give another with --metrics-port.") from error


def _ending_signals() -> list[signal.Signals]:
    """A closed terminal ends the server as an interrupt does; Windows has no SIGHUP."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return [signal.Signals[name] for name in names if name in signal.Signals.__members__]


def _sweep(*sweeps: Callable[[], None]) -> None:
    """Delete what is old, close what hangs. Whatever goes wrong is logged: housekeeping must not end the server."""
    for sweep in sweeps:
        try:
            sweep()
        except Exception:
            log.exception("housekeeping failed; it is tried again in %d seconds", SWEEP_EVERY_S)


def _stop(state: "AppState") -> None:
    """Refuse new work, let running work end, cut off what doesn't, and wait until its callers have an answer."""
    state.stopping.set()
    _wait_for_readers(state, state.settings.limits.shutdown_s)
    state.cut_off.set()
    _wait_for_readers(state, CUT_OFF_S)


def _wait_for_readers(state: "AppState", limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while state.listeners.readers and time.monotonic() < end:
        time.sleep(0.05)


def _prepare(state: "AppState") -> None:
    """Compute samples that take seconds, once the network no longer needs the processor."""
    state.networks.find()
    state.samples.prepare()


def _watch(state: "AppState", blocks: "Blocks", head: Callable[[], str], ended: threading.Event) -> None:
    """Import plugins again when they are saved: the next run uses them, the next visit offers their options."""
    from explainers.plugin_watcher import PluginWatcher

    def on_reload(name: str, left_out: str) -> None:
        blocks.head = head()  # type: ignore[assignment]  # Gradio declares it as None
        blocks.config = blocks.get_config_file()
        print(f"{name}: {left_out}" if left_out else f"{name} was loaded again", flush=True)

    PluginWatcher(state.registry, state.settings.plugins, on_reload).start(ended)


def _networks(settings: PageSettings, registry: Registry) -> Networks:
    from cxr.engine import chosen_engine
    from hub.presets import read_presets

    return Networks(
        settings.models,
        read_presets(*map(Path, settings.presets)),
        engine=chosen_engine(settings.engine),
        registry=registry,
        stated=settings.stated,
    )


def _prepare_environment(folder: PrivateFolder) -> None:
    """Set what Gradio and huggingface_hub read when they are imported, and uvicorn when it starts."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder.uploads)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Gradio asks matplotlib, where that is installed, for its backend at every call; unset, that imports pyplot
    os.environ.setdefault("MPLBACKEND", "agg")
    if "SPACE_ID" in os.environ:
        # a Space is behind the Hub's proxy, which names the visitor; without this all visitors have one address
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")


def _launch(state: "AppState") -> tuple["Blocks", str, Callable[[], str]]:
    from explainers.page import probes
    from explainers.page.document import card_route
    from explainers.page.downloads import routes
    from explainers.page.head import head, theme
    from explainers.page.layout import page, panels_of
    from explainers.page.local import offers_dicom
    from explainers.page.scripts_route import Scripts, up_route

    panels = panels_of(state)
    scripts = Scripts(panels)
    document_head = partial(head, state, panels, scripts)
    blocks = page(state, panels)
    settings = state.settings
    try:
        # the address is a text whenever the launch succeeds
        address: Any
        _, address, _ = blocks.launch(
            server_name=settings.host,
            server_port=settings.port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            show_error=False,
            theme=theme(),
            head=document_head(),
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            max_file_size=settings.limits.upload_mb * MEBIBYTE,
            state_session_capacity=MOST_GRADIO_STATES,
            app_kwargs={
                "routes": [
                    *routes(state.sessions, state.samples, state.networks, dicom=offers_dicom(settings)),
                    scripts.route(),
                    up_route(),
                    card_route(),
                    *probes.routes(state),
                ],
                "middleware": _middleware(state, blocks),
            },
        )
    except OSError as error:
        if not str(error).startswith(NO_PORT):
            raise
        where = f"Port {settings.port}" if settings.port else "A port"
        raise Busy(f"{where} can't be had.", "End what uses it, or give another with --port.") from error
    return blocks, address, document_head


def _middleware(state: "AppState", blocks: "Blocks") -> list:
    """From the outermost to the innermost."""
    from starlette.middleware import Middleware

    from explainers.page.api.error_responses import ErrorResponses
    from explainers.page.api.event_streams import EventStreams
    from explainers.page.api.registration import parameters
    from explainers.page.api.version import VersionedOpenApi
    from explainers.page.call_filter import CallFilter
    from explainers.page.compression import Compression
    from explainers.page.document import DocumentHead
    from explainers.page.visitor_limits import VisitorLimits

    layers = [
        Middleware(Compression),
        Middleware(DocumentHead, root_path=lambda: blocks.root_path or ""),
        Middleware(ErrorResponses),
        Middleware(VisitorLimits, limits=state.settings.limits, folder=state.folder, is_stopping=state.stopping.is_set),
        Middleware(
            CallFilter,
            folder=state.folder,
            endpoints=parameters(),
            is_event=lambda number: number in blocks.fns,
            on_joined=state.listeners.joined,
            on_cancel=state.listeners.cancel,
        ),
        Middleware(EventStreams, listeners=state.listeners),
        Middleware(VersionedOpenApi),
    ]
    if state.metrics:
        from explainers.page.metrics import CountedResponses

        layers.insert(0, Middleware(CountedResponses, metrics=state.metrics))
    if state.settings.mcp:
        try:
            from explainers.page.api.mcp_server import McpServer
        except ModuleNotFoundError as error:
            raise OptionError("The package 'mcp' is not installed.", "pip install 'cxr-lens[mcp]'") from error
        layers.append(Middleware(McpServer, state=state, address=lambda: str(blocks.local_url)))
    return layers
