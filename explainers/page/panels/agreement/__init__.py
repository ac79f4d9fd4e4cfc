"""Where and how far the explanations of a comparison agree."""

from explainers.page.panel import Panel


class AgreementPanel(Panel):
    """Lives in the browser alone; the comparison brings the figures."""

    place = "tab"
    order = 5
