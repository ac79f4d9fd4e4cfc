"""The row of tabs below the maps: one panel of the place "tab" is open at a time."""

from explainers.page.panel import Panel


class Tabs(Panel):
    """Lives in the browser alone; which tabs there are is found out from the panels."""

    place = "main"
    order = 90
