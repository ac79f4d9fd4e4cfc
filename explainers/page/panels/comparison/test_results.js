// What the tests found about one map: the verdict, the figure, what to compare it with, and what each test is.
import {create} from "../../scripts/dom.js";
import {minus, number} from "../../scripts/numbers.js";

// results: {measure: its state} of this map. One row for each quick test from the start, so that nothing moves later;
// one for each test that was run on request. hasMap: whether this panel has a map or may get one.
export function testResults({settings, text}, results, hasMap = true) {
  const words = text("measures"), {measures} = settings.panels.measures;
  return measures.filter((each) => each.quick || results[each.name])
    .map((each) => create("li", {}, row(words, each, results[each.name], hasMap)));
}

function row(words, measure, result, hasMap) {
  const title = create("span", {class: "test"}, measure.title);
  if (!result || result.state === "running") {
    const state = result ? "computing" : hasMap ? "not_yet" : "no_map";
    return create("div", {class: "pending"}, title, create("span", {class: "outcome"}, words(state)));
  }
  return create("details", {class: result.state},
    create("summary", {}, title, create("span", {class: "outcome", title: measure.unit}, ...outcome(words, result))),
    create("p", {}, minus(result.sentence)),
    create("p", {class: "quiet"}, measure.summary, " ", measure.reference));
}

// The verdict, and the figure with what it is compared with.
function outcome(words, {state, value, verdict, comparedWith}) {
  if (state !== "done") return [words(state === "silent" ? "not_for" : "failed")];
  const figure = value === null ? words("without") : number(value);
  return [
    verdict ? create("strong", {class: "verdict"}, verdict) : null,
    ` ${comparedWith ? `${figure} (${comparedWith})` : figure}`,
  ];
}
