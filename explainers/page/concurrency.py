"""How much is done at once. Events that share the network share a group, whichever door they came through."""

SCORING = {"concurrency_id": "scoring", "concurrency_limit": 2}
"""Session and scoring: short, and never behind somebody's occlusion."""

EXPLAINING = {"concurrency_id": "explaining", "concurrency_limit": 2}
"""As many at once as a free machine has cores; further ones wait in the queue."""

MOST_WAITING = 48
"""Calls in the queue; more are refused at once."""
