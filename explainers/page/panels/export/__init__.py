"""Export: one archive of pictures, maps, scores and settings; the browser fetches it (see `downloads`)."""

from explainers.page.panel import Panel


class Export(Panel):
    """Lives in the browser alone."""

    place = "tab"
    order = 50
