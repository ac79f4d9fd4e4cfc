// The sentence above the maps: what they disagree on, in numbers. Pure.
import {percent} from "../../scripts/numbers.js";

const NUMBERS = ["", "", "two", "three", "four", "five", "six"];
// Share of the hottest tenth in common from which on maps overlap in part, and agree.
export const MIDDLE = 0.15, HIGH = 0.5;

// words: text("comparison"); agreement: {explainers, shared}, or null for fewer than two maps
export function headline(words, agreement) {
  if (!agreement) return words("agree_none");
  const {length} = agreement.explainers, name = NUMBERS[length] ? words(NUMBERS[length]) : String(length);
  const degree = agreement.shared >= HIGH ? "high" : agreement.shared >= MIDDLE ? "middle" : "low";
  return words(`agree_${degree}`, {
    count: name, count_lower: name.toLowerCase(), shared: percent(agreement.shared).replace(" ", "\u00a0"),
  });
}

// The pair that differs most, in words; "" where there is only one pair.
export function pairWords(words, {explainers, titles, pair, shared_top_tenth: shares}) {
  if (explainers.length < 3) return "";
  const [row, column] = pair.map((name) => explainers.indexOf(name));
  const shared = percent(shares[row][column]).replace(" ", "\u00a0");
  return words("agree_pair", {one: titles[row], other: titles[column], shared});
}
