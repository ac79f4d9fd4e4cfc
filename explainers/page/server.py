"""Starting and ending the server: what is set before Gradio is imported, and what is swept when it is over."""

import atexit
import ctypes
import logging
import os
import signal
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.errors import Busy
from explainers.page.networks import Networks
from explainers.page.private_folder import PrivateFolder
from explainers.page.settings import PageSettings
from explainers.page.without_stubs import without_stubs
from explainers.registry import Registry

if TYPE_CHECKING:
    from gradio import Blocks

    from explainers.page.state import AppState

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 20

FRUGAL = {-8: 1, -1: 10_000_000, -3: 4_000_000}
"""glibc's M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: one heap for all threads, and what is free goes back."""

MOST_SESSIONS = 200
"""Sessions whose last values Gradio keeps; they hold scores and addresses, never pictures."""


def run(settings: PageSettings) -> None:
    """Serve until SIGINT or SIGTERM, then leave nothing behind."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "httpx2", "httpcore", "gradio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # what pydicom says of a value that breaks the rules is that value, and may be a name (see cxr.reading.dicom)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
    _give_memory_back()
    folder = PrivateFolder()
    atexit.register(folder.remove)
    _prepare_environment(folder)
    registry = Registry.standard(settings.plugins, time_limit=settings.isolate)
    with without_stubs():
        import gradio  # noqa: F401

    from explainers.page.samples import Samples
    from explainers.page.state import AppState

    state = AppState(settings, folder, _networks(settings), registry, Samples(settings.samples))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    blocks, address = _launch(state)
    state.networks.begin()
    threading.Thread(target=_prepare, args=(state,), name="prepare-samples", daemon=True).start()
    if settings.reload:
        _watch(state, blocks, ended)
    print(f"cxr-lens is at {address}", flush=True)
    while not ended.wait(SWEEP_EVERY_S):
        state.folder.sweep()
        state.sessions.sweep()
    blocks.close(verbose=False)
    folder.remove()


def _give_memory_back() -> None:
    """Where the C library is glibc, which else keeps what each thread once took: 200 MB after a comparison."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for setting, value in FRUGAL.items():
            mallopt(setting, value)


def _prepare(state: "AppState") -> None:
    """Samples that take seconds to compute, once the network no longer needs the processor."""
    state.networks.find()
    state.samples.prepare()


def _watch(state: "AppState", blocks: "Blocks", ended: threading.Event) -> None:
    """Import plugins anew when they are saved: the next run uses them, the next visit offers their options."""
    from explainers.page import head
    from explainers.plugin_watcher import PluginWatcher

    def on_reload(name: str, left_out: str) -> None:
        blocks.head = head.head(state.registry, state.samples)
        blocks.config = blocks.get_config_file()
        print(f"{name}: {left_out}" if left_out else f"{name} was loaded anew", flush=True)

    PluginWatcher(state.registry, state.settings.plugins, on_reload).start(ended)


def _networks(settings: PageSettings) -> Networks:
    from cxr.engine import chosen_engine
    from hub.presets import read_presets

    return Networks(settings.models, read_presets(*map(Path, settings.presets)), engine=chosen_engine(settings.engine))


def _prepare_environment(folder: PrivateFolder) -> None:
    """Read by Gradio and huggingface_hub when they are imported, hence before."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder.uploads)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _launch(state: "AppState") -> tuple:
    from starlette.middleware import Middleware

    from cxr.reading.radiograph import LARGEST_FILE_BYTES
    from explainers.page import head
    from explainers.page.api import endpoints
    from explainers.page.call_filter import CallFilter
    from explainers.page.downloads import routes
    from explainers.page.layout import page

    blocks = page(state)
    try:
        _, address, _ = blocks.launch(
            server_name=state.settings.host,
            server_port=state.settings.port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            show_error=False,
            theme=head.theme(),
            head=head.head(state.registry, state.samples),
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            max_file_size=LARGEST_FILE_BYTES,
            state_session_capacity=MOST_SESSIONS,
            app_kwargs={
                "routes": routes(state.sessions, state.samples),
                "middleware": [Middleware(CallFilter, folder=state.folder, defaults=endpoints.defaults())],
            },
        )
    except OSError as error:
        # Gradio's word for it that no port was free
        where = f"Port {state.settings.port}" if state.settings.port else "A port"
        raise Busy(f"{where} can't be had.", "End what uses it, or give another with --port.") from error
    return blocks, address
