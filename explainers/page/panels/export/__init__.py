"""Export: one archive of pictures, maps, scores and settings, and DICOM on a page for this machine alone.

The browser fetches it (see `downloads`).
"""

from typing import Any

from explainers.page.local import offers_dicom
from explainers.page.panel import Panel


class Export(Panel):
    """Lives in the browser alone."""

    place = "tab"
    order = 50

    def template_values(self) -> dict[str, Any]:
        """The sentences, and whether DICOM is offered."""
        return super().template_values() | {"dicom": offers_dicom(self.state.settings)}
