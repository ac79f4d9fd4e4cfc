// The answers to a region: the ranking, the scores without it, and what the maps say about it.
import {create, tableHead} from "../../scripts/dom.js";
import {number, percent, signed, withUnit} from "../../scripts/numbers.js";

export const FEW = 5;

function table(caption, head, rows) {
  return create("table", {}, create("caption", {}, caption), tableHead(...head), create("tbody", {}, ...rows));
}

const row = (title, ...cells) => create("tr", {}, create("th", {scope: "row"}, title),
  ...cells.map((each) => create("td", {}, each)));

// titleOf(panel): what a map is called
export function regionTitle(text, {kind, panel}, titleOf, number_) {
  if (kind === "map") return text("map", {title: titleOf(panel)});
  return kind === "random" ? text("random", {number: number_}) : text(kind);
}

export function rankingTable(text, ranking, finding, titleOf) {
  let randoms = 0;
  const rows = ranking.map((each, at) => {
    const title = regionTitle(text, each, titleOf, each.kind === "random" ? ++randoms : 0);
    const made = row(title, String(at + 1), `${number(each.before)} → ${number(each.after)}`,
      withUnit(signed(each.change), "logit"));
    if (each.kind === "yours") made.className = "yours";
    return made;
  });
  return table(text("ranking", {finding}), [text("region"), text("rank"), text("score"), text("change")], rows);
}

export function scoresTable(text, findings) {
  const rows = findings.map((each) => {
    const crossed = each.threshold !== null && (each.before >= each.threshold) !== (each.after >= each.threshold);
    return row(each.title, number(each.before), number(each.after), withUnit(signed(each.logit), "logit"),
      crossed ? text("crosses", {point: number(each.threshold)}) : "");
  });
  return table(text("scores"), ["", text("as_it_is"), text("covered"), text("change"), ""], rows);
}

export function mapsTable(text, panels, titleOf) {
  const [first] = Object.values(panels);
  const rows = Object.entries(panels).map(([name, each]) => {
    const maximum = text(each.abstains ? "no_positive" : each.pointing ? "inside" : "outside");
    return row(titleOf(name), percent(each.mass), maximum, percent(each.iou_equal_area));
  });
  const caption = text("maps", {area: first ? percent(first.area) : "0 %"});
  return table(caption, ["", text("mass"), text("maximum"), text("overlap")], rows);
}
