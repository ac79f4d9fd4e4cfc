"""Whose turn it is: one piece of work computes at a time, with all cores, and nobody's long work holds up a score.

Two passes at once on two cores take longer than one after the other, and more memory. Long work comes in slices of a
few hundred milliseconds, each of which waits for its turn again.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np

IN_A_ROW = 4
"""Urgent turns after which one that can wait comes in between."""


class Turns:
    """A lock with two queues: urgent work first, patient work in the order in which it came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._urgent = 0
        self._in_a_row = 0
        self._patient: deque[object] = deque()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """For a slice of long work: the `with` block computes alone."""
        ticket = object()
        with self._changed:
            self._patient.append(ticket)
            self._changed.wait_for(lambda: not self._busy and self._patient[0] is ticket and not self._urgent_first())
            self._patient.popleft()
            self._busy, self._in_a_row = True, 0
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def urgent(self, settled: Callable[[], bool]) -> Iterator[bool]:
        """For a score. False, at once, if it was `settled` by somebody else's turn in the meantime."""
        with self._changed:
            self._urgent += 1
            self._changed.wait_for(
                lambda: settled() or (not self._busy and (self._urgent_first() or not self._patient))
            )
            self._urgent -= 1
            mine = not settled()
            if mine:
                self._busy, self._in_a_row = True, self._in_a_row + 1
            else:
                self._changed.notify_all()
        try:
            yield mine
        finally:
            if mine:
                self._end()

    def _urgent_first(self) -> bool:
        return bool(self._urgent) and (self._in_a_row < IN_A_ROW or not self._patient)

    def _end(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()


class Together:
    """Single pictures that wait at the same time are computed as one batch, and equal ones once.

    compute  from `(N, h, w, c)` to arrays with N rows each
    most     pictures in a batch
    """

    def __init__(self, turns: Turns, compute: Callable[[np.ndarray], Sequence[np.ndarray]], *, most: int) -> None:
        self._turns, self._compute, self._most = turns, compute, most
        self._waiting: dict[bytes, tuple[np.ndarray, Future]] = {}
        self._lock = threading.Lock()

    def ask(self, picture: np.ndarray) -> list[np.ndarray]:
        """One picture's rows, `(1, …)` each."""
        key = hashlib.sha256(np.ascontiguousarray(picture)).digest()
        with self._lock:
            _, answer = self._waiting.setdefault(key, (picture, Future()))
        with self._turns.urgent(answer.done) as mine:
            if mine:
                self._answer(key)
        return answer.result()

    def _answer(self, key: bytes) -> None:
        """Of the picture of that key, and of those that came first among the others."""
        with self._lock:
            others = [other for other in self._waiting if other != key][: self._most - 1]
            chosen = [self._waiting.pop(each) for each in (key, *others)]
        try:
            results: Any = self._compute(np.stack([picture for picture, _ in chosen]))
        except BaseException as error:
            for _, answer in chosen:
                answer.set_exception(error)
            raise
        for row, (_, answer) in enumerate(chosen):
            answer.set_result([each[row : row + 1] for each in results])
