"""Explainers of the comparison's tests: right ones, and ones that fail in every way."""

import threading
from pathlib import Path
from typing import Literal

import numpy as np

from explainers import Explainer, hookimpl

PLUGINS = Path(__file__).parents[2] / "plugins"


class Ones(Explainer):
    """Ones, with progress and a note."""

    name, title, unit, signed = "ones", "Ones", "mark", False

    def explain(self, context, finding, *, rows: int = 2):
        context.forward(context.input[None] + 1)
        context.progress(0.5, "half", np.zeros((1, 1)))
        context.note(rows=rows)
        return np.ones((rows, 2))


class Noise(Explainer):
    """Random numbers, a control."""

    name, title, unit, control = "noise", "Noise", "mark", True

    def explain(self, context, finding):
        return context.rng.random((2, 2))


class Together(Explainer):
    """All findings from the same pass; each map holds its finding's place."""

    name, title, unit = "together", "Together", "place"
    calls = 0

    def explain(self, context, finding):
        return self.explain_findings(context, [finding])[0]

    def explain_findings(self, context, findings):
        type(self).calls += 1
        return np.stack([np.full((1, 1), context.labels.index(finding)) for finding in findings])


class Previewing(Together):
    """Previews the first of the findings that it is asked for."""

    name = "previewing"

    def explain_findings(self, context, findings):
        maps = super().explain_findings(context, findings)
        context.progress(0.5, "", maps[0])
        return maps


class TooFew(Explainer):
    """One map for two findings."""

    name, title, unit = "too_few", "Too few", "logit"

    def explain(self, context, finding):
        return np.ones((1, 1))

    def explain_findings(self, context, findings):
        return np.ones((1, 1, 1))


class Raises(Explainer):
    """Raises."""

    name, title, unit = "raises", "Raises", "logit"

    def explain(self, context, finding):
        raise ZeroDivisionError("in /home/somebody/plugin.py")


class NotFinite(Explainer):
    """NaN."""

    name, title, unit = "not_finite", "Not finite", "logit"

    def explain(self, context, finding):
        return np.full((2, 2), np.nan)


class Leaves(Explainer):
    """Ends the program."""

    name, title, unit = "leaves", "Leaves", "logit"

    def explain(self, context, finding):
        raise SystemExit(3)


class Interrupted(Explainer):
    """As if somebody pressed Ctrl-C."""

    name, title, unit = "interrupted", "Interrupted", "logit"

    def explain(self, context, finding):
        raise KeyboardInterrupt


class Endless(Explainer):
    """Works until it is cancelled."""

    name, title, unit = "endless", "Endless", "logit"
    ended = threading.Event()

    def explain(self, context, finding):
        try:
            while True:
                context.progress(0.1, "still")
        finally:
            self.ended.set()


class ReturnsNothing(Explainer):
    """Computes a map and forgets to return it."""

    name, title, unit = "returns_nothing", "Returns nothing", "logit"

    def explain(self, context, finding):
        np.ones((2, 2))


class ReturnsNothingTogether(ReturnsNothing):
    """The same for all findings."""

    name = "returns_nothing_together"

    def explain_findings(self, context, findings):
        np.ones((len(findings), 2, 2))


class Writes(Explainer):
    """Rectifies the input in place."""

    name, title, unit = "writes", "Writes", "logit"

    def explain(self, context, finding):
        context.input[context.input < 0] = 0
        return context.input[..., 0]


class Limits(Explainer):
    """An option that the explainer limits, and a sign and a seed that depend on options."""

    name, title, unit = "limits", "Limits", "mark"

    def explain(self, context, finding, *, rows: int = 2, sign: Literal["signed", "absolute"] = "signed"):
        return np.ones((rows, 1))

    @classmethod
    def options_in_effect(cls, options, input_size):
        return {**options, "rows": min(options["rows"], 4)}

    @classmethod
    def is_signed(cls, options):
        return options["sign"] == "signed"

    @classmethod
    def is_stochastic(cls, options):
        return options["rows"] > 3


class Plugin:
    @hookimpl
    def cxr_lens_explainers(self):
        return [
            Ones, Noise, Together, Previewing, TooFew, Raises, NotFinite, Leaves, Interrupted, Endless, ReturnsNothing,
            ReturnsNothingTogether, Writes, Limits,
        ]  # fmt: skip
