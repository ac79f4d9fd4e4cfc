"""Importing TensorFlow without its start-up notes.

TensorFlow 2.21 writes notes on the processor and missing drivers to file descriptor 2 while it is imported, before it
reads `TF_CPP_MIN_LOG_LEVEL`. Only those lines are dropped; all other output is passed on. TensorFlow reads the variable
once, at import, so it is set during the import: otherwise a machine without a GPU gets an error message about that.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

NOTE = re.compile(rb"[IW]\d{4} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] |"
                  rb"WARNING: All log messages before absl|To enable the following instructions")  # fmt: skip
"""How a line of absl's or TensorFlow's log begins, of the levels information and warning."""

STDERR = 2
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet_import() -> Iterator[None]:
    """Drop notes that libraries log to file descriptor 2 in the `with` block; an import that fails shows all lines."""
    try:
        original = os.dup(STDERR)
    except OSError:  # a process without stderr, such as a service: there is nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as captured, _log_level():
        if sys.stderr:
            sys.stderr.flush()
        os.dup2(captured.fileno(), STDERR)
        failed = True
        try:
            yield
            failed = False
        finally:
            if sys.stderr:
                sys.stderr.flush()
            os.dup2(original, STDERR)
            os.close(original)
            captured.seek(0)
            lines = captured.read().splitlines(keepends=True)
            os.write(STDERR, b"".join(line for line in lines if failed or not NOTE.match(line)))


@contextmanager
def _log_level() -> Iterator[None]:
    """Fatal errors only, unless the user has set the variable."""
    if LOG_LEVEL in os.environ:
        yield
        return
    os.environ[LOG_LEVEL] = "3"
    try:
        yield
    finally:
        del os.environ[LOG_LEVEL]


def import_keras() -> None:
    """Import Keras, and its backend, ahead of modules that import it at their top."""
    with quiet_import():
        import keras  # noqa: F401
