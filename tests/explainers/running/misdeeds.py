"""A plugin whose explainers do what no explainer may do, one misdeed each, and one that behaves."""

import os
import subprocess
import sys
import threading

import numpy as np

from explainers import Explainer, hookimpl

ENDED = threading.Event()
"""Set by the tests, so that loops in their own process end with the test."""


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Other(BaseException):
    """None of Python's own."""


class Good(Explainer):
    """The mean over the channels."""

    name, title, unit = "good", "Good", "input"

    def explain(self, context, finding):
        return context.input.mean(-1)


class Misdeed(Good):
    """Does something, and returns a map as if nothing were."""

    def explain(self, context, finding):
        self.do(context)
        return super().explain(context, finding)


def raising(name, error):
    def do(self, context):
        raise error

    return type(name, (Misdeed,), {"name": name, "do": do})


def noting(name, value):
    return type(name, (Misdeed,), {"name": name, "do": lambda self, context: context.notes.update(thing=value)})


class Loops(Misdeed):
    name = "loops"

    def do(self, context):
        while not ENDED.is_set():
            pass


class Sleeps(Misdeed):
    name = "sleeps"

    def do(self, context):
        ENDED.wait(600)


class ChangesEnvironment(Misdeed):
    name = "changes_environment"

    def do(self, context):
        os.environ["GRADIO_TEMP_DIR"] = "/nowhere"
        os.environ["CXR_LENS_PLANTED"] = "1"
        os.environ.pop("PATH", None)


class WritesIntoArrays(Misdeed):
    name = "writes_into_arrays"

    def do(self, context):
        layer = list(context.layers)[-1]
        shared = (context.input, context.prepared.array, context.radiograph.grey, context.radiograph.rgb,
                  context.activations(layer), context.logits, *context.average_maps.values())  # fmt: skip
        for array in shared:
            try:
                array.flags.writeable = True
                array[...] = 0
            except ValueError:
                continue


class PrintsForEver(Misdeed):
    name = "prints_for_ever"

    def do(self, context):
        while not ENDED.is_set():
            print("MARKER-PRINTED" * 100)
            sys.stderr.write("MARKER-PRINTED\n")


class LeavesChildren(Misdeed):
    name = "leaves_children"

    def do(self, context):
        child = os.fork()
        if not child:
            os.setsid()
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "MARKER-CHILD"])
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "MARKER-CHILD"])


class ForksIntoOurs(Misdeed):
    """The child does not end, but returns a map as the parent does."""

    name = "forks_into_ours"

    def do(self, context):
        os.fork()


class EatsMemory(Misdeed):
    name = "eats_memory"

    def do(self, context):
        self.eaten = [np.zeros(2**25) for _ in range(64)]  # 16 GiB; the limit counts what is asked for, used or not


class Exits(Misdeed):
    name = "exits"

    def do(self, context):
        os._exit(3)


NESTED: list = []
NESTED.append(NESTED)

CLASSES = [
    Good, Loops, Sleeps, ChangesEnvironment, WritesIntoArrays, PrintsForEver, LeavesChildren, ForksIntoOurs, EatsMemory,
    Exits,
    raising("system_exit", SystemExit(0)),
    raising("keyboard_interrupt", KeyboardInterrupt()),
    raising("generator_exit", GeneratorExit()),
    raising("other", Other("of its own")),
    raising("unprintable", Unprintable()),
    noting("note_object", object()),
    noting("note_nan", float("nan")),
    noting("note_nested_nan", {"a": [np.float32("nan")]}),
    noting("note_itself", NESTED),
    noting("note_surrogate", "\ud800"),
    noting("note_huge", 10**30),
    noting("note_array_of_objects", np.array([object()])),
    noting("note_float32", {"a": [np.float32(0.5)], "b": np.int64(3)}),
]  # fmt: skip


@hookimpl
def cxr_lens_explainers():
    return CLASSES
