"""From score to probability: a likelihood ratio, and what it makes of any prevalence."""

from explainers.page.panel import Panel


class Probability(Panel):
    """Lives in the browser alone."""

    place = "tab"
    order = 40
