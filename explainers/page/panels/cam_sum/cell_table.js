// Tables of single cells: the logit without the chosen one, and all cells, the largest first.
import {create} from "../../scripts/dom.js";
import {apart, decimalsFor, fixed, logistic, signed} from "../../scripts/numbers.js";

// Rows of the table of the chosen cell; after: the logit with its pixels covered, undefined while it isn't known.
export function removalRows(text, {logit, cells}, cell, after, decimals) {
  const row = (name, value) => create("tr", {}, create("th", {scope: "row"}, name), ...(value === undefined
    ? [create("td", {}, "…"), create("td", {}, ""), create("td", {}, "")]
    : [create("td", {}, fixed(value, decimals)),
      create("td", {}, value === logit ? "" : signed(value - logit, decimals)),
      create("td", {}, apart(logistic(value), logistic(logit))[0])]));
  return [row(text("unchanged"), logit), row(text("removed"), logit - cells[cell]), row(text("covered"), after)];
}

// Rows of the table of all cells by cell, and the table's body. handlers: {onChoose, onNear}
export function cellRows(account, finding, {chosen, counted}, {onChoose, onNear}) {
  const {text} = account, {cells, bias, logit} = account.of(finding);
  const decimals = Math.max(3, decimalsFor(cells, 2) + 1);
  const byCell = [];
  let soFar = bias;
  const body = account.order(finding).map((cell, at) => {
    soFar += cells[cell];
    const after = account.without(finding, cell);
    const button = create("button", {
      type: "button", class: "place", "aria-pressed": String(cell === chosen), onclick: () => onChoose(cell),
      onfocus: () => onNear(cell), onblur: () => onNear(null),
    }, account.place(cell));
    byCell[cell] = create("tr", {
      class: at >= counted ? "left-out" : null, "aria-current": cell === chosen ? "true" : null,
      onpointerenter: () => onNear(cell), onpointerleave: () => onNear(null),
    }, create("th", {scope: "row"}, button), create("td", {}, signed(cells[cell], decimals)),
    create("td", {}, fixed(soFar, decimals)), create("td", {}, fixed(logit - cells[cell], decimals)),
    create("td", {}, after === undefined ? text("not_covered") : fixed(after, decimals)));
    return byCell[cell];
  });
  const total = (name, adds, sum) => create("tr", {class: "total"}, create("th", {scope: "row"}, name),
    create("td", {}, adds), create("td", {}, sum), create("td", {}, ""), create("td", {}, ""));
  return {byCell, rows: [
    total(text("total_bias"), signed(bias, decimals), fixed(bias, decimals)), ...body,
    total(text("logit"), "", fixed(logit, decimals)),
  ]};
}
