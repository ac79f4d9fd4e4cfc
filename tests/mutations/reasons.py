"""Why faults of some functions are not found."""

from collections.abc import Mapping

FIGURE = "a figure beside the value, whose meaning the kit does not know"
VERDICT = "a verdict is words, whose meaning the kit does not know"
UNSTABLE = "a map that is less stable is a possible result"

REASONS: Mapping[tuple[str, str], str] = {
    ("noisy_gradients.py", "noisy_gradient"): "noise is as likely as its negative",
    ("grad_cam_plus_plus.py", "explain"): "in an arbitrary unit, only place, sign and symmetry are known of a map",
    ("centred_gaussian.py", "explain"): "a Gaussian of another width is in the middle too",
    ("edges.py", "explain"): "edges in another unit are edges",
    ("occlusion.py", "explain_findings"): "one of a hundred windows is interpolated",
    ("occlusion.py", "_starts"): "only a patch as large as the picture has another place",
    ("box_scores.py", "box_scores"): FIGURE,
    ("box_scores.py", "_within"): FIGURE,
    ("box_scores.py", "_pixel_auc"): FIGURE,
    ("relevance_gain.py", "measure"): FIGURE,
    ("finding_sensitivity.py", "measure"): VERDICT,
    ("weight_sensitivity.py", "measure"): VERDICT,
    ("stability.py", "measure"): UNSTABLE,
    ("stability.py", "_moved"): UNSTABLE,
    ("claims.py", "of"): "a larger window, or the claims of derivatives, which the kit asks no measure about",
    ("claims.py", "judge"): "a tolerance that is twice as large",
}
"""{(file, function): the reason}, for what the kit does not find there."""


def reason(place: str) -> str:
    """The reason for a place such as "claims.py, line 64, of: …"; "" where there is none."""
    file, _, rest = place.partition(", ")
    function = rest.partition(":")[0].partition(", ")[2]
    return REASONS.get((file, function), "")
