// The sum in bars: bias, cells that raise, cells that lower, logit.
import {create} from "../../scripts/dom.js";
import {fixed, logitOf, signed, sum} from "../../scripts/numbers.js";

// Rows of the table; count: how many of the largest cells are counted.
export function sumRows(account, finding, count) {
  const {cells, bias, logit, threshold, title} = account.of(finding);
  const {text} = account, {up, down, raised, reached} = account.partialSum(finding, count);
  const point = threshold === null ? null : logitOf(threshold);
  const track = scale([0, bias, bias + sum(cells.filter((each) => each > 0)), logit, point ?? 0], point);
  const total = count === account.size ? text("logit_of", {finding: title}) : text("so_far");
  return [
    row(text("bias"), signed(bias, 3), track(0, bias, "whole")),
    row(text("raise", {count: up.length}), signed(sum(up), 3), track(bias, raised, "raises")),
    row(text("lower", {count: down.length}), signed(sum(down), 3), track(raised, reached, "lowers")),
    row(total, fixed(reached, 3), track(0, reached, "whole"), "total"),
  ];
}

function row(name, text, bar, kind = "") {
  return create("tr", {class: kind},
    create("th", {scope: "row"}, name), create("td", {class: "number"}, text), create("td", {}, bar));
}

// Makes bars on one scale, with marks at zero and at the operating point.
function scale(ends, point) {
  const low = Math.min(...ends), span = Math.max(...ends) - low || 1;
  const at = (value) => `${(100 * (value - low)) / span}%`;
  return (from, to, kind) => {
    const width = `${(100 * Math.abs(to - from)) / span}%`;
    return create("div", {class: "track", "aria-hidden": "true"},
      create("i", {class: kind, style: `left:${at(Math.min(from, to))};width:${width}`}),
      create("i", {class: "zero", style: `left:${at(0)}`}),
      point === null ? null : create("i", {class: "point", style: `left:${at(point)}`}));
  };
}
