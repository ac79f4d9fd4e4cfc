// Sentences on the two ways to remove a cell. Pure functions; text is the panel's.
import {fixed, logistic, number, signed} from "../../scripts/numbers.js";

const NEARLY_EQUAL = 0.25;
// Rank correlation from which the two pictures are called alike, and alike in part.
const HIGH = 0.8, MIDDLE = 0.4;

// How far the two pictures agree, from Spearman's rank correlation.
export function agreementSentence(text, rho) {
  const degree = rho >= HIGH ? "high" : rho >= MIDDLE ? "middle" : "low";
  return text("alike", {verdict: text(`alike_${degree}`), rho: number(rho)});
}

// The difference between the two removals; change: of the logit when the pixels are covered.
export function removalSentence(text, contribution, change, decimals) {
  const both = text("both", {contribution: signed(contribution, decimals), change: signed(change, decimals)});
  return `${both} ${text(comparison(contribution, -change))}`;
}

function comparison(contribution, fall) {
  const larger = Math.max(Math.abs(contribution), Math.abs(fall));
  if (Math.abs(contribution - fall) <= NEARLY_EQUAL * larger) return "nearly";
  if (contribution * fall < 0) return "opposite";
  return Math.abs(fall) < Math.abs(contribution) ? "less" : "more";
}

// That the score crosses its operating point, or "" where it stays on its side; how: "removed" or "covered".
export function crossingSentence(text, how, logit, other, threshold) {
  if (threshold === null) return "";
  const before = logistic(logit) >= threshold;
  if (before === (logistic(other) >= threshold)) return "";
  return text(`${before ? "falls" : "rises"}_${how}`, {point: number(threshold)});
}

export function sumSoFar(text, reached, logit) {
  return text("sum_so_far", {reached: fixed(reached, 3), logit: fixed(logit, 3)});
}
