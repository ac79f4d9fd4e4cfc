"""The page: a Gradio application over the network and the explainers.

Importing this package loads neither Gradio nor TensorFlow. `serve` loads Gradio, after its private folder is set, and
TensorFlow behind the running server.
"""

from explainers.page.limits import Limits
from explainers.page.settings import PageSettings

__all__ = ["Limits", "PageSettings", "serve"]


def serve(settings: PageSettings) -> None:
    """Serve the page until the process is asked to end (SIGINT, SIGTERM or SIGHUP)."""
    from explainers.page.server import run

    run(settings)
