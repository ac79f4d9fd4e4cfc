// The sum and the two grids, as the panel shows them.
import {apart, fixed, logistic, number, signed, sum} from "../../scripts/numbers.js";
import {sumRows} from "./sum_table.js";
import {agreementSentence, sumSoFar} from "./words.js";

// The bars have the colours of the grid.
export function setColours({page, root, look}) {
  const table = page.tables[look.colourMap], {style} = root.querySelector(".cam-sum");
  const colour = (row) => `rgb(${[0, 1, 2].map((channel) => table[4 * row + channel]).join(" ")})`;
  style.setProperty("--lowers", colour(1));
  style.setProperty("--raises", colour(255));
}

export function showSum({account, finding, counted, part, text}) {
  const each = account.of(finding), {reached} = account.partialSum(finding, counted), {size} = account;
  const all = counted === size, cells = text(all ? "counted_all" : "counted", {count: counted, all: size});
  part("sum").replaceChildren(...sumRows(account, finding, counted));
  part("counted").textContent = cells;
  part("verdict").textContent = all ? verdict(text, each) : sumSoFar(text, reached, each.logit);
  part("count").setAttribute("aria-valuetext", text("counted_aloud", {cells, sum: fixed(reached, 3)}));
}

function verdict(text, {logit, threshold, provisional}) {
  const value = logistic(logit);
  if (threshold === null) return text("verdict_no_point", {score: number(value)});
  const [score, point] = apart(value, threshold), side = value >= threshold ? "above" : "below";
  return text(`verdict_${side}${provisional ? "_provisional" : ""}`, {score, point});
}

export function showFeatures({page, account, counted, finding, features, look, part, text}) {
  const {cells, title} = account.of(finding), {legend} = page.settings.colourMaps[look.colourMap];
  const within = new Set(account.order(finding).slice(0, counted));
  features.draw(cells, look, title);
  features.write(cells, text("contribution"));
  features.cells.forEach((button, cell) => button.classList.toggle("left-out", !within.has(cell)));
  part("features-text").textContent = text("features_text", {legend, sum: signed(sum(cells), 3), finding: title});
  part("features-picture").setAttribute("aria-label", text("features_alt", {
    finding: title, value: number(Math.max(...cells)), place: features.picture.strongestPlace(),
  }));
}

export function showPixels(panel) {
  const {account, covering, finding, look, pixels, part, text} = panel, {title, logit, bias} = account.of(finding);
  const values = account.falls(finding), known = account.known(finding), whole = known.length === account.size;
  // one value alone would have full colour whatever it is; what isn't known yet has none
  if (whole || (covering && known.length)) pixels.draw(values.map((each) => each ?? 0), look, title);
  else pixels.drawNothing();
  pixels.write(values, text("fall"));
  part("pixels-picture").setAttribute("aria-label", whole ? text("pixels_alt", {
    finding: title, value: number(Math.max(...values)), place: pixels.picture.strongestPlace(),
  }) : text("pixels_alt_waiting"));
  part("pixels-text").textContent = whole
    ? text("pixels_text", {sum: signed(sum(values), 2), logit: signed(logit - bias, 2)}) : text("pixels_waiting");
  const rho = whole ? account.correlations[finding] : undefined;
  part("agree").hidden = rho === undefined;
  if (rho !== undefined) part("agree").textContent = agreementSentence(text, rho);
  showCovering(panel);
}

export function showCovering({account, covering, finding, part, text}) {
  const known = account.known(finding).length, line = part("progress"), {size} = account;
  part("cover-all").hidden = known === size;
  part("cover-all").disabled = covering;
  part("cover-all").textContent = covering ? text("covering", {done: known, all: size}) : text("cover");
  line.hidden = !covering;
  line.firstChild.style.width = `${(100 * known) / size}%`;
  line.setAttribute("aria-valuenow", String(Math.round((100 * known) / size)));
}
