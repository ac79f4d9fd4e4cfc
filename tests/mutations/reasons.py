"""Why faults of some functions are not found."""

from collections.abc import Mapping

FIGURE = "a figure beside the value, whose meaning the kit does not know"
VERDICT = "a verdict is words, whose meaning the kit does not know"
UNSTABLE = "a map that is less stable is a possible result"

ALLOWED: Mapping[tuple[str, str], str] = {
    ("random_map.py", "-np.asarray(context.rng.normal"): "noise is as likely as its negative",
    ("noisy_gradients.py", "context.input - added"): "noise is as likely as its negative",
    ("occlusion.py, line 106", "2 → 3"): "a blur of another width",
    ("edges.py", "context.input.sum"): "edges in another unit are edges",
    ("claims.py", "judge: 1.0 → 2.0"): "a tolerance that is twice as large for a small logit",
    ("stability.py", "subject.rng → np.random.default_rng(0)"): "noise of one seed is noise too",
    ("weight_sensitivity.py", "subject.rng → np.random.default_rng(0)"): "chance of one seed is chance too",
    ("relevance_gain.py", "subject.rng → np.random.default_rng(0)"): "another seed for cells of the same value",
    ("weight_sensitivity.py", "_null: 1 → 2"): "chance is drawn from fewer shifts",
    ("weight_sensitivity.py", "_null: 0 → 1"): "chance is drawn from other shifts",
}
"""{(start of the place, a part of what follows): why the change makes another valid explainer or measure}: it changes
numbers, and nothing that a kit could object to. Counted apart; a change here that the kit finds counts as a fault."""

REASONS: Mapping[tuple[str, str], str] = {
    ("grad_cam_plus_plus.py", "explain"): "in an arbitrary unit, only place, sign and symmetry are known of a map",
    ("centred_gaussian.py", "explain"): "a Gaussian of another width is in the middle too",
    ("average_map.py", "explain"): "a map that ignores the picture does not turn with it, and declares so",
    ("expected_gradients.py", "explain"): "a point of the path is off by less than a 64th of it",
    ("integrated_gradients.py", "explain"): "the mean over baselines is compared with one of them only",
    ("occlusion.py", "explain_findings"): "one of a hundred windows is interpolated",
    ("occlusion.py", "completed"): "interpolation from all windows gives back nearly what was computed",
    ("occlusion.py", "_starts"): "only a patch as large as the picture has another place",
    ("box_scores.py", "sample_with_box"): "map and box are sampled at the same points, a 256th of a side further",
    ("relevance_gain.py", "measure"): FIGURE,
    ("finding_sensitivity.py", "measure"): "which of the other findings are compared is a choice",
    ("removal.py", "_filling"): "which fill stands under which name, and another blur",
    ("removal.py", "relevance_gain"): "how steps are weighed is not known of a gain",
    ("claims.py", "fillings"): "a blur of another width",
    ("verification.py", "_measured"): FIGURE,
    ("stability.py", "measure"): UNSTABLE,
    ("stability.py", "_moved"): UNSTABLE,
    ("claims.py", "of"): "a larger window, or the claims of derivatives, which the kit asks no measure about",
}
"""{(file, function): the reason}, for what the kit does not find there."""


def allowed(place: str) -> str:
    """Why the change at a place is allowed; "" where it is a fault."""
    return next((why for (start, part), why in ALLOWED.items() if place.startswith(start) and part in place), "")


def reason(place: str) -> str:
    """The reason for a place such as "claims.py, line 64, of: …"; "" where there is none."""
    file, _, rest = place.partition(", ")
    function = rest.partition(":")[0].partition(", ")[2]
    return REASONS.get((file, function), "")
