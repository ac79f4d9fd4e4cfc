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

export function showSum({account, finding, counted, part}) {
  const {logit, threshold, provisional} = account.of(finding);
  const {reached} = account.partialSum(finding, counted), all = counted === account.size, score = logistic(logit);
  part("sum").replaceChildren(...sumRows(account, finding, counted));
  const [text, operating] = threshold === null ? [number(score), ""] : apart(score, threshold);
  const side = threshold === null ? "no operating point is stated" : `${score >= threshold ? "above" : "below"} its `
    + `${provisional ? "provisional " : ""}operating point ${operating} (dashed)`;
  const cells = all ? `all ${account.size} cells` : `${counted} of ${account.size} cells`;
  part("counted").textContent = cells;
  part("verdict").textContent = all ? `Score ${text}, ${side}.` : sumSoFar(reached, logit);
  part("count").setAttribute("aria-valuetext", `${cells}: ${fixed(reached, 3)} logit`);
}

export function showFeatures({page, account, counted, finding, features, look, part}) {
  const {cells, title} = account.of(finding);
  const within = new Set(account.order(finding).slice(0, counted));
  features.draw(cells, look, title);
  features.write(cells, "added by its features");
  features.cells.forEach((button, cell) => button.classList.toggle("left-out", !within.has(cell)));
  const {legend} = page.settings.colourMaps[look.colourMap];
  part("features-text").textContent =
    `${legend} Together ${signed(sum(cells), 3)} logit: with the bias, all of the logit of ${title}.`;
  part("features-picture").setAttribute("aria-label",
    `What the features of each cell add to the logit of ${title}, on the radiograph. `
    + `Most, ${number(Math.max(...cells))} logit, in ${features.picture.strongestPlace()}.`);
}

export function showPixels(panel) {
  const {account, covering, finding, look, pixels, part} = panel, {title, logit, bias} = account.of(finding);
  const values = account.falls(finding), known = account.known(finding), whole = known.length === account.size;
  // one value alone would have full colour whatever it is; what isn't known yet has none
  if (whole || (covering && known.length)) pixels.draw(values.map((each) => each ?? 0), look, title);
  else pixels.drawNothing();
  pixels.write(values, "taken away by covering it");
  part("pixels-picture").setAttribute("aria-label", whole
    ? `What covering each square takes away from the logit of ${title}, on the radiograph. `
      + `Most, ${number(Math.max(...values))} logit, in ${pixels.picture.strongestPlace()}.`
    : "The radiograph; its squares are not covered yet.");
  part("pixels-text").textContent = whole
    ? `Own scale. Together ${signed(sum(values), 2)} logit, where the logit without its bias is `
      + `${signed(logit - bias, 2)}: these need not add up.`
    : "The network looks once for each.";
  const rho = whole ? account.correlations[finding] : undefined;
  part("agree").hidden = rho === undefined;
  if (rho !== undefined) part("agree").textContent = agreementSentence(rho);
  showCovering(panel);
}

export function showCovering({account, covering, finding, part}) {
  const known = account.known(finding).length, line = part("progress");
  part("cover-all").hidden = known === account.size;
  part("cover-all").disabled = covering;
  part("cover-all").textContent = covering ? `Covering: ${known} of ${account.size}` : "Cover every square in turn";
  line.hidden = !covering;
  line.firstChild.style.width = `${(100 * known) / account.size}%`;
  line.setAttribute("aria-valuenow", String(Math.round((100 * known) / account.size)));
}
