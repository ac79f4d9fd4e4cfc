"""How far the maps of a comparison agree, as the browser needs it."""

import numpy as np

from explainers.agreement import agreement, shared_share
from explainers.contract.explanation import Explanation
from explainers.page.sessions import Session


def agreement_value(session: Session, crop: list[float]) -> dict | None:
    """The agreement between the maps of the network whose scores are shown; None for fewer than two.

    shared  share of their hottest tenth that all maps have in common
    pair    the two explainers that share least of their hottest tenths
    """
    own = [each for panel, each in session.shown.items() if "@" not in panel and not each.control]
    if len(own) < 2:
        return None
    found = agreement(own)
    rows, columns = found.map.shape
    return {
        **found.to_json(),
        "titles": [each.title for each in own],
        "shared": shared_share(own),
        "pair": _least_alike(own, found.shared),
        "map": session.keep_map(found.map),
        "rows": rows,
        "columns": columns,
        "crop": crop,
    }


def _least_alike(explanations: list[Explanation], shared: np.ndarray) -> list[str]:
    masked = np.where(np.triu(np.ones_like(shared), 1) > 0, shared, np.inf)
    one, other = np.unravel_index(int(masked.argmin()), masked.shape)
    return [explanations[one].explainer, explanations[other].explainer]
