// Sentences on the two ways to take a cell out. Pure functions.
import {fixed, logistic, number, signed} from "../../scripts/numbers.js";

const NEARLY_EQUAL = 0.25;

// How far the two grids agree, from Spearman's ρ.
export function agreementSentence(rho) {
  const alike = rho >= 0.8 ? "The two grids order the cells much alike." : rho >= 0.4
    ? "The two grids agree only in part." : "The two grids hardly agree.";
  return `${alike} Spearman's ρ between them is ${number(rho)}: 1 would be the same order, 0 none. Both are right`
    + " about what they ask: an exact share of the sum need not be what the pixels below it cause.";
}

// The difference between the two removals; change: of the logit when the pixels are covered.
export function removalSentence(carried, change, decimals) {
  const both = `The features of this cell carry ${signed(carried, decimals)}; `
    + `covering its pixels changes the logit by ${signed(change, decimals)}`;
  const fall = -change, larger = Math.max(Math.abs(carried), Math.abs(fall));
  if (Math.abs(carried - fall) <= NEARLY_EQUAL * larger) return `${both}: here the two nearly agree.`;
  if (carried * fall < 0) {
    return `${both}: they point in opposite directions, since features here also draw on pixels elsewhere, `
      + "and these pixels feed features elsewhere.";
  }
  return Math.abs(fall) < Math.abs(carried)
    ? `${both}: features here also draw on pixels elsewhere, since their reach is larger than the cell.`
    : `${both}: these pixels also feed the features of other cells, since the reach of those is larger than a cell.`;
}

// " Covered, the score falls below its operating point 0.12.", or "" where it stays on its side.
export function crossingSentence(how, logit, other, threshold) {
  if (threshold === null) return "";
  const before = logistic(logit) >= threshold;
  if (before === (logistic(other) >= threshold)) return "";
  return ` ${how}, the score ${before ? "falls below" : "rises above"} its operating point ${number(threshold)}.`;
}

export function sumSoFar(reached, logit) {
  return `${fixed(reached, 3)} of the logit ${fixed(logit, 3)} so far.`;
}
