"""How much runs at once. Events of the page and endpoints that use the network share a group."""

SCORING = {"concurrency_id": "scoring", "concurrency_limit": 4}
"""Session and scoring: short. More than a free machine has cores, so that scores always wait where they go first: in
the engine, ahead of the passes of explanations."""

EXPLAINING = {"concurrency_id": "explaining", "concurrency_limit": 2}
"""As many at once as a free machine has cores; further ones wait in the queue."""

TESTING = {"concurrency_id": "testing", "concurrency_limit": 2}
"""Tests of maps. They run without being asked for, so that nobody's maps may wait behind them."""

LIGHT = {"concurrency_id": "light", "concurrency_limit": 8}
"""Lists and states, which compute nothing."""

NOT_QUEUED = {"queue": False}
"""For what cancels: it must not wait behind what it cancels."""

ANY_NUMBER = {"concurrency_limit": None}
"""For what only waits."""
