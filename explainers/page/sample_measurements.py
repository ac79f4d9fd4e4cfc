"""What measures of the page's own pictures have in common, kept for all visitors instead of once for each visit."""

import threading

from cachetools import LRUCache

from explainers.page.sessions import Session
from explainers.registry import Registry

MOST_SAMPLES = 16
"""Pictures of which results are kept at once: controls' curves and covered cells, a few megabytes each."""


class SampleMeasurements:
    """The `shared` results of measures, by sample; an upload's are its session's own and end with it.

    The removal test of one map costs 36 passes, and the controls that it is compared with 400. They depend on picture
    and network alone, so that visitors who open the same sample share them. A reload of a plugin forgets them.
    """

    def __init__(self) -> None:
        self._known: LRUCache[tuple, dict] = LRUCache(MOST_SAMPLES)
        self._lock = threading.Lock()

    def of(self, session: Session, registry: Registry) -> dict:
        """What measures of this session's radiograph store and find."""
        if session.sample is None:
            return session.measured
        key = session.sample.title, tuple(registry.snapshot().measures.values())
        with self._lock:
            return self._known.setdefault(key, {})
