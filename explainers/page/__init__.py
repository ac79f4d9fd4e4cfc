"""The page: a Gradio application over the network and the explainers.

Importing this package loads neither Gradio nor TensorFlow. `serve` loads the one, after its private folder is set, and
the other behind the running server.
"""

from explainers.page.settings import PageSettings

__all__ = ["PageSettings", "serve"]


def serve(settings: PageSettings) -> None:
    """Serve the page until the process is asked to end (SIGINT or SIGTERM)."""
    from explainers.page.server import run

    run(settings)
