"""Closes connections on which a request doesn't begin: uvicorn waits without end for the rest of a request's head.

A body that doesn't arrive ends by the time limits of `call_filter` and `visitor_limits`.
"""

from collections.abc import Callable, Iterable
from typing import Any

GRACE_S = 1.0
"""Before a connection is closed: a server that was busy may not have read yet what has arrived."""


class RequestHeads:
    """Looks at a server's connections from time to time; what waits at two looks in a row is closed.

    connections  uvicorn's protocols of the connections that are open now
    """

    def __init__(self, connections: Callable[[], Iterable[Any]]) -> None:
        self._connections = connections
        self._waiting: dict[Any, Any] = {}

    def sweep(self) -> None:
        """Close the connections that have waited for a request's head since the last look."""
        waiting = {each: each.cycle for each in list(self._connections()) if _is_waiting(each)}
        for connection, cycle in waiting.items():
            if connection in self._waiting and self._waiting[connection] is cycle:
                loop = connection.loop
                loop.call_soon_threadsafe(loop.call_later, GRACE_S, _close_if_waiting, connection, cycle)
        self._waiting = waiting


def _close_if_waiting(connection: Any, cycle: Any) -> None:
    if connection.cycle is cycle and _is_waiting(connection):
        connection.transport.close()


def _is_waiting(connection: Any) -> bool:
    """Whether a head is expected: no request is being answered, and it isn't an idle connection with its own timer."""
    cycle = connection.cycle
    return (cycle is None or cycle.response_complete) and connection.timeout_keep_alive_task is None
