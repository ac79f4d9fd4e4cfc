// A finding in the list: name, meter, score, operating point, probability.
import {create} from "../../scripts/dom.js";
import {apart, number, percent, scoreText} from "../../scripts/numbers.js";

// Below this probability a name is not in bold, whatever its operating point.
const TINY = 0.05;

// The interval of the probability, in percent.
function chances({probability_interval: [low, high]}) {
  const short = (share) => number(100 * share, share < 0.1 ? 1 : 2);
  return {low: short(low), high: short(high)};
}

// What the meter shows, for those who hear it.
function inWords(text, each, [score, point]) {
  const side = each.above_threshold ? "above" : "below";
  return [
    score, each.threshold === null ? text("no_point") : text(side, {point}),
    each.interval ? text("interval", {low: number(each.interval[0]), high: number(each.interval[1])}) : "",
    each.probability === null ? "" : text("likely", {percent: percent(each.probability), ...chances(each)}),
  ].filter(Boolean).join(", ");
}

function meter(text, each, numbers) {
  const share = (value) => `${100 * value}%`;
  const bar = create("span", {
    class: "meter", role: "meter", "aria-label": text("meter", {finding: each.title}), "aria-valuemin": "0",
    "aria-valuemax": "1", "aria-valuenow": each.score.toFixed(4), "aria-valuetext": inWords(text, each, numbers),
  }, create("i", {class: "score", style: `width:${share(each.score)}`}));
  if (each.interval) {
    const [low, high] = each.interval, reached = (each.score - low) / Math.max(high - low, 1e-9);
    const filled = share(Math.min(1, Math.max(0, reached)));
    bar.append(create("i", {
      class: "interval", style: `left:${share(low)};width:${share(high - low)};--reached:${filled}`,
    }));
  }
  if (each.threshold !== null) bar.append(create("i", {class: "point", style: `left:${share(each.threshold)}`}));
  return bar;
}

// Score and operating point with two decimals, or with as many as it takes to tell them apart.
function inColumns({score, threshold}, numbers) {
  const columns = [scoreText(score), scoreText(threshold)];
  return columns[0] === columns[1] && score !== threshold ? numbers : columns;
}

// Returns {item, button}. usual: whether the image looks like a chest radiograph; else no probability is shown.
export function findingRow(text, each, usual, onclick) {
  const numbers = each.threshold === null ? [number(each.score), "–"] : apart(each.score, each.threshold);
  const columns = each.threshold === null ? [scoreText(each.score), "–"] : inColumns(each, numbers);
  const {low, high} = usual && each.probability !== null ? chances(each) : {};
  const chance = low === undefined ? "" : `${low}–${high}`;
  const value = (words, kind = "quiet") => create("span", {class: `value ${kind}`, "aria-hidden": "true"}, words);
  // the meter says the numbers too; it stands beside the button, in which nobody would hear it
  const button = create("button", {type: "button", class: "finding", title: each.description || each.title, onclick},
    create("span", {class: "label"}, each.title), value(columns[0], ""), value(columns[1]), value(chance));
  const bold = usual && each.above_threshold && !(each.probability !== null && each.probability < TINY);
  return {button, item: create("li", {class: bold ? "above" : null}, button, meter(text, {
    ...each, probability: usual ? each.probability : null,
  }, numbers))};
}
