// The elements of a map's panel.
import {crosshair} from "../../scripts/crosshair.js";
import {create} from "../../scripts/dom.js";

// Returns the panel's elements by name, and `end`, which ends the cross-hair.
export function mapMarkup(page, words, explainer, second, isFilled) {
  const id = `panel-${explainer.name}${second ? "-second" : ""}`, {title} = explainer;
  const parts = {
    side: create("span", {class: "side-name", id: `${id}-side`}, second?.title ?? ""),
    canvas: create("canvas", {role: "img", width: 1, height: 1}),
    words: create("p", {class: "words"}),
    line: create("div", {
      class: "progress", role: "progressbar", "aria-label": words("progress", {title}), hidden: true,
    }, create("i")),
    mark: create("div", {class: "mark", hidden: true, "aria-hidden": "true"}),
    ranked: create("div", {class: "ranked", "aria-hidden": "true"}),
    hatch: create("canvas", {class: "hatch", "aria-hidden": "true", hidden: true}),
    here: create("span", {class: "here"}),
    unusual: create("span", {class: "unusual", hidden: true}, words("unusual")),
    bar: create("canvas", {class: "bar", "aria-hidden": "true", hidden: true}),
    ticks: create("div", {class: "ticks"}),
    note: create("p", {class: "note"}),
    facts: create("p", {class: "facts"}),
    fares: create("p", {class: "fares"}),
    correlation: create("p", {class: "correlation"}),
    results: create("ul", {class: "results", "aria-label": words("tests", {title})}),
  };
  parts.head = create("div", {class: "panel-head"},
    create("h3", {id}, title), parts.side,
    explainer.control ? create("span", {class: "quiet"}, words("control")) : null);
  const {hair, end} = crosshair(page, isFilled);
  parts.stage = create("div", {class: "stage"}, parts.canvas, parts.hatch, parts.ranked, parts.mark);
  parts.frame = create("div", {
    class: "frame", tabindex: "0", role: "group", "aria-label": words("frame", {title}),
  }, parts.stage, parts.words, hair, parts.here, parts.unusual, parts.line);
  parts.root = create("article", {
    class: "panel", "aria-labelledby": `${id} ${id}-side`, "data-explainer": explainer.name,
    "data-model": second?.kind === "network" ? second.name : null,
    "data-second": second?.kind === "finding" ? second.name : null,
  },
  parts.head, parts.frame, create("div", {class: "legend"}, parts.bar, parts.ticks),
  create("div", {class: "notes quiet"}, parts.note, parts.facts, parts.fares, parts.correlation), parts.results);
  return {...parts, end};
}
