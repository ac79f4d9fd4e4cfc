"""What a benchmark allows to be said, and what not: the first sentences above its tables."""

from collections.abc import Iterator, Mapping

from cxr.findings import display_name


def concluded(found: Mapping) -> str:
    """Sentences from a summary: which explainers localise, which show what moves the network, and what stays open."""
    return " ".join(_sentences(found))


def _sentences(found: Mapping) -> Iterator[str]:
    tested = [each for table in (found, *found["subsets"]) for each in table["explainers"] if "beats_prior" in each]
    explainers = [each for each in tested if not each["control"]]
    localising = [each["label"] for each in explainers if each["beats_prior"]]
    if not explainers or not found["prior"]:
        yield "Nothing can be said of localising: no explainer was compared with other patients' boxes."
    elif localising:
        yield (
            f"Localising on this network, beyond a guess from other patients' boxes: {', '.join(localising)}. Of the "
            f"other {len(explainers) - len(localising)} explainers that can't be said."
        )
    else:
        yield (
            f"No explainer of {len(explainers)} may be called localising on this network: none beats a guess from "
            "other patients' boxes on both headline figures. That none could is not shown."
        )
    moving = _moving(found)
    if moving:
        yield (
            f"What moves the logit more than any control's order does: {', '.join(moving)}. That says what the network "
            "uses, not where disease is."
        )
    for table in found["subsets"]:
        labels = [each["label"] for each in table["explainers"] if "beats_prior" in each]
        if labels:
            yield f"On {table['targets']} targets alone: {', '.join(labels)}."
    if names := _findings(found):
        yield (
            f"Means are over {names}, on {found['targets']} targets of {found['patients']} patients; of other "
            "findings, networks and hospitals nothing is said."
        )


def _moving(found: Mapping) -> list[str]:
    """Explainers whose removal gain is above that of every control on the same targets, interval against interval."""
    named = []
    for table in (found, *found["subsets"]):
        gains = {each["label"]: each["macro"]["relevance_gain"] for each in table["explainers"]
                 if "relevance_gain" in each.get("macro", {})}  # fmt: skip
        of_controls = [
            gains[each["label"]][2] for each in table["explainers"] if each["control"] and each["label"] in gains
        ]
        if of_controls:
            named += [
                each["label"]
                for each in table["explainers"]
                if not each["control"] and each["label"] in gains and gains[each["label"]][1] > max(of_controls)
            ]
    return list(dict.fromkeys(named))


def _findings(found: Mapping) -> str:
    return ", ".join(map(display_name, found["mean_findings"].get("pointing", ())))
