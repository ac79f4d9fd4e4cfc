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
        yield "Nothing can be said about localisation: no explainer was compared with other patients' boxes."
    elif localising:
        yield (
            f"These explainers find radiologists' boxes better than a guess from other patients' boxes: "
            f"{', '.join(localising)}. For the other {len(explainers) - len(localising)} this was not shown."
        )
    else:
        yield (
            f"None of {len(explainers)} explainers finds radiologists' boxes better than a guess from other patients' "
            "boxes does, by both headline figures. More boxes could still show a small advantage."
        )
    moving = _moving(found)
    if moving:
        yield (
            "Hiding the pixels that these explainers rank highest changes the logit more than hiding those of any "
            f"control: {', '.join(moving)}. This shows what the network uses, not where disease is."
        )
    for table in found["subsets"]:
        labels = [each["label"] for each in table["explainers"] if "beats_prior" in each]
        if labels:
            yield f"On {table['targets']} targets alone: {', '.join(labels)}."
    if names := _findings(found):
        yield (
            f"Means are over {names}, on {found['targets']} targets of {found['patients']} patients. They "
            "say nothing about other findings, networks or hospitals."
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
