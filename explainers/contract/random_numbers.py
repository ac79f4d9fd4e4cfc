"""Random numbers of explainers, measures and controls: by the run's seed, who draws them, and the picture."""

import hashlib

import numpy as np


def random_numbers(seed: int, purpose: str, digest: str) -> np.random.Generator:
    """A generator of its own for each seed, purpose and picture, the same in every run and process.

    purpose  who draws, such as an explainer's name: nobody's numbers depend on what else runs, or in what order
    digest   of the picture as the network sees it. With the same numbers for every picture, a control that is good by
             chance would be good on all of them
    """
    salt = hashlib.sha256(f"{purpose} {digest}".encode()).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(salt, "big")])
