// What a finding is, and its score, never without its operating point.
import {create} from "../../scripts/dom.js";
import {apart, number, percent} from "../../scripts/numbers.js";

export function findingsInWords(first, second) {
  return second ? [...findingInWords(first), ` Beside it ${second.title}: `, ...findingInWords(second)] : findingInWords(first);
}

function findingInWords(each) {
  const [score, point] = each.threshold === null ? [number(each.score), ""] : apart(each.score, each.threshold);
  const place = point
    ? `${each.above_threshold ? "above" : "below"} its ${each.provisional ? "provisional " : ""}operating point ${point}`
    : "the checkpoint states no operating point";
  const probability = each.probability === null
    ? "Uncalibrated."
    : `Calibrated probability ${percent(each.probability)}, where ${percent(each.prevalence)} have it.`;
  return [each.description, " ", create("strong", {}, `Score ${score}`),
    `, ${place}. ${probability.replaceAll(" %", "\u00a0%")}`];
}

// The options of a select of findings, those above their operating points first.
export function findingOptions(findings) {
  return [["Above the operating point", true], ["Below", false]].map(([label, above]) => {
    const members = findings.filter((each) => Boolean(each.above_threshold) === above);
    const items = members.map((each) => create("option", {value: each.finding}, each.title));
    return items.length ? create("optgroup", {label}, ...items) : null;
  }).filter(Boolean);
}
