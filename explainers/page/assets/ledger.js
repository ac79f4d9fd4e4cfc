const lens = window.cxrLens;
const {settings, element: made} = lens;
const part = (name) => element.querySelector(`[data-${name}]`);
// Numbers fit into a cell up to this many of them along a side.
const MOST_NUMBERED = 10;
const OPACITY = 0.8;
// Of the radiograph's brightness: white numbers stay readable on bone.
const DIMMED = 0.5;
const features = new lens.Picture(part("features-picture"), part("features-bar"));
const pixels = new lens.Picture(part("pixels-picture"), part("pixels-bar"));
const grids = {features: part("features"), pixels: part("pixels")};

let run = 0, radiograph = null, scores = null, asked = "", book = null, finding = "", chosen = null, counted = null;
// what covering gave so far: {finding: logits by cell}, and Spearman's ρ once every square was covered
let covered = {}, agree = {}, covering = false, waiting = new Set();

const size = () => book.rows * book.columns;
const account = () => book.findings[finding];
const logistic = (logit) => 1 / (1 + Math.exp(-logit));
const logitOf = (score) => Math.log(score / (1 - score));
const sum = (values) => values.reduce((total, each) => total + each, 0);

// --- words and numbers -----------------------------------------------------------------------------------------

// As many decimals as give the largest of some numbers two digits, so that they stand below each other.
function decimalsFor(values, digits = 2) {
  const largest = Math.max(...values.map(Math.abs));
  return largest > 0 ? Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(largest)))) : 0;
}

function fixed(value, decimals) {
  const text = Math.abs(value).toFixed(decimals);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "") + text;
}

function signed(value, decimals) {
  const text = fixed(value, decimals);
  return Number(text) > 0 ? `+${text}` : text;
}

function place(cell) {
  return `row ${Math.floor(cell / book.columns) + 1}, column ${(cell % book.columns) + 1}`;
}

function order() {
  const {cells} = account();
  return cells.map((_, cell) => cell).sort((one, other) => Math.abs(cells[other]) - Math.abs(cells[one]));
}

// What covering takes away, by cell; undefined where it isn't known.
function falls() {
  return Array.from({length: size()}, (_, cell) => (
    covered[finding]?.[cell] === undefined ? undefined : account().logit - covered[finding][cell]
  ));
}

// --- asking ----------------------------------------------------------------------------------------------------

function reckon() {
  const model = lens.last("network")?.model ?? "";
  if (!radiograph || !scores?.findings || scores.token !== radiograph.token || scores.model !== model) return;
  const subject = `${scores.token} ${model}`;
  if (subject === asked) return;
  asked = subject;
  run += 1;
  forget();
  trigger("reckon", {run, model});
}

function forget() {
  book = chosen = counted = null;
  covered = {};
  agree = {};
  covering = false;
  waiting = new Set();
  part("book").hidden = true;
  part("error").hidden = true;
  part("none").hidden = false;
  part("none").textContent = radiograph ? "Adding up." : "After a radiograph is loaded, this adds the cells up.";
}

function cover(cell = null) {
  if (covering || waiting.has(cell)) return;
  if (cell === null) covering = true;
  else waiting.add(cell);
  part("error").hidden = true;
  trigger("cover", {run, model: book.model, cell});
  showCovering();
}

function take(value) {
  if (value.error) {
    covering = false;
    waiting = new Set();
    part("error").textContent = value.error.sentence;
    part("error").hidden = false;
    part("none").hidden = true;
    if (book) showCovering();
    return;
  }
  if (value.run !== run || value.token !== radiograph?.token) return;
  if (value.kind === "covered") {
    takeCovered(value);
    return;
  }
  part("none").hidden = !value.none;
  part("none").textContent = value.none ? `There is no exact ledger here. ${value.none}` : "";
  part("book").hidden = Boolean(value.none);
  if (value.none) return;
  book = value;
  fillGrids();
  show();
}

function takeCovered(value) {
  if (!book) return;
  for (const [name, logits] of Object.entries(value.logits)) {
    covered[name] ??= [];
    value.places.forEach((cell, at) => { covered[name][cell] = logits[at]; });
  }
  for (const cell of value.places) waiting.delete(cell);
  if (value.done && value.places.length === value.whole) {
    covering = false;
    agree = value.agree;
    lens.announce("Every square was covered.");
  }
  showPixels();
  showRemoval();
  showRows();
}

// --- showing ---------------------------------------------------------------------------------------------------

function show() {
  if (!book?.findings) return;
  if (!account()) finding = scores?.chosen ?? Object.keys(book.findings)[0];
  counted ??= size();
  part("layer").textContent = book.layer;
  part("count").max = size();
  part("count").value = counted;
  colours();
  showSum();
  showFeatures();
  showPixels();
  showRemoval();
  showRows();
}

function look() {
  const wanted = lens.last("comparison")?.look?.colourMap;
  return {view: "signed", opacity: OPACITY, cells: true, colourMap: settings.suited.signed.includes(wanted) ? wanted : settings.suited.signed[0]};
}

// The bars have the colours of the grid.
function colours() {
  const table = lens.tables[look().colourMap], root = element.querySelector(".ledger");
  const colour = (row) => `rgb(${[0, 1, 2].map((channel) => table[4 * row + channel]).join(" ")})`;
  root.style.setProperty("--lowers", colour(1));
  root.style.setProperty("--raises", colour(255));
}

function showSum() {
  const {cells, bias, logit, threshold, provisional, title} = account();
  const within = new Set(order().slice(0, counted));
  const some = cells.filter((_, cell) => within.has(cell));
  const up = some.filter((each) => each > 0), down = some.filter((each) => each < 0);
  const raised = bias + sum(up), reached = raised + sum(down), all = counted === size();
  const point = threshold === null ? null : logitOf(threshold);
  const ends = [0, bias, bias + sum(cells.filter((each) => each > 0)), logit, point ?? 0];
  const low = Math.min(...ends), span = Math.max(...ends) - low || 1;
  const at = (value) => `${(100 * (value - low)) / span}%`;
  const track = (from, to, kind) => {
    const bar = made("i", {class: kind, style: `left:${at(Math.min(from, to))};width:${(100 * Math.abs(to - from)) / span}%`});
    const marks = [made("i", {class: "zero", style: `left:${at(0)}`}), point === null ? null : made("i", {class: "point", style: `left:${at(point)}`})];
    return made("div", {class: "track", "aria-hidden": "true"}, bar, ...marks);
  };
  const row = (name, text, bar, kind = "") => made("tr", {class: kind}, made("th", {scope: "row"}, name), made("td", {class: "number"}, text), made("td", {}, bar));
  const cellsOf = (some_, verb, verbs) => `${some_.length} ${some_.length === 1 ? `cell ${verb}` : `cells ${verbs}`}`;
  part("sum").replaceChildren(
    row("Bias", signed(bias, 3), track(0, bias, "whole")),
    row(cellsOf(up, "raises", "raise"), signed(sum(up), 3), track(bias, raised, "raises")),
    row(cellsOf(down, "lowers", "lower"), signed(sum(down), 3), track(raised, reached, "lowers")),
    row(all ? `Logit of ${title}` : "Sum so far", fixed(reached, 3), track(0, reached, "whole"), "total"),
  );
  const scored = logistic(logit);
  const [score, operating] = threshold === null ? [lens.number(scored), ""] : lens.apart(scored, threshold);
  const side = threshold === null
    ? "no operating point is stated"
    : `${scored >= threshold ? "above" : "below"} its ${provisional ? "provisional " : ""}operating point ${operating} (dashed)`;
  part("counted").textContent = all ? `all ${size()} cells` : `${counted} of ${size()} cells`;
  part("verdict").textContent = all ? `Score ${score}, ${side}.` : `${fixed(reached, 3)} of the logit ${fixed(logit, 3)} so far.`;
  part("count").setAttribute("aria-valuetext", `${part("counted").textContent}: ${fixed(reached, 3)} logit`);
}

function fillGrids() {
  for (const [name, grid] of Object.entries(grids)) {
    const [top, left, height, width] = book.crop, share = (part_, whole) => `${(100 * part_) / whole}%`;
    Object.assign(grid.style, {
      top: share(top, radiograph.height), left: share(left, radiograph.width),
      height: share(height, radiograph.height), width: share(width, radiograph.width),
      gridTemplate: `repeat(${book.rows}, minmax(0, 1fr)) / repeat(${book.columns}, minmax(0, 1fr))`,
    });
    grid.classList.toggle("wordless", Math.max(book.rows, book.columns) > MOST_NUMBERED);
    grid.replaceChildren(...Array.from({length: size()}, (_, cell) => made("button", {
      type: "button", class: "cell", tabindex: cell ? -1 : 0, "aria-pressed": "false",
      onclick: () => choose(cell), onfocus: () => near(cell), onblur: () => near(null),
      onpointerenter: () => near(cell), onpointerleave: () => near(null), onkeydown: (event) => walk(event, name, cell),
    })));
  }
  const dimmed = {...radiograph, grey: radiograph.grey.map((each) => DIMMED * each)};
  for (const picture of [features, pixels]) {
    picture.setRadiograph(dimmed);
    picture.canvas.parentElement.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
  }
}

function fillGrid(name, values, said) {
  const known = values.filter((each) => each !== undefined), decimals = Math.max(2, decimalsFor(known.length ? known : [1]));
  const largest = Math.max(...known.map(Math.abs), 0);
  [...grids[name].children].forEach((button, cell) => {
    const value = values[cell];
    button.textContent = value === undefined ? "" : signed(value, decimals);
    button.classList.toggle("quietly", value !== undefined && Math.abs(value) < 0.1 * largest);
    button.setAttribute("aria-label", `${place(cell)}: ${value === undefined ? "not covered yet" : `${signed(value, decimals)} logit, ${said}`}`);
  });
}

function draw(picture, ticks, values) {
  picture.forget();
  picture.setMap({values: Float32Array.from(values), rows: book.rows, columns: book.columns, crop: book.crop, unit: "logit", findingTitle: account().title});
  const drawn = picture.draw(look(), null);
  part(ticks).replaceChildren(...drawn.ticks.map((tick) => made("span", {}, tick)));
}

function showFeatures() {
  const {cells, title} = account(), within = new Set(order().slice(0, counted));
  draw(features, "features-ticks", cells);
  fillGrid("features", cells, "added by its features");
  [...grids.features.children].forEach((button, cell) => button.classList.toggle("left-out", !within.has(cell)));
  part("features-said").textContent = `${settings.colourMaps[look().colourMap].legend} Together ${signed(sum(cells), 3)} logit: with the bias, all of the logit of ${title}.`;
  part("features-picture").setAttribute("aria-label", `What the features of each cell add to the logit of ${title}, on the radiograph. Most, ${lens.number(Math.max(...cells))} logit, in ${features.strongestPlace()}.`);
}

function showPixels() {
  const values = falls(), known = values.filter((each) => each !== undefined), whole = known.length === size();
  // one value alone would have full colour whatever it is; what isn't known yet has none
  if (whole || (covering && known.length)) draw(pixels, "pixels-ticks", values.map((each) => each ?? 0));
  else {
    pixels.forget();
    pixels.drawGrey();
    pixels.bar.hidden = true;
    part("pixels-ticks").replaceChildren();
  }
  fillGrid("pixels", values, "taken away by covering it");
  const {title, logit, bias} = account();
  part("pixels-picture").setAttribute("aria-label", whole
    ? `What covering each square takes away from the logit of ${title}, on the radiograph. Most, ${lens.number(Math.max(...values))} logit, in ${pixels.strongestPlace()}.`
    : "The radiograph; its squares are not covered yet.");
  part("pixels-said").textContent = whole
    ? `Own scale. Together ${signed(sum(values), 2)} logit, where the logit without its bias is ${signed(logit - bias, 2)}: these need not add up.`
    : "The network looks once for each.";
  part("agree").hidden = !whole || agree[finding] === undefined;
  if (whole && agree[finding] !== undefined) part("agree").textContent = said(agree[finding]);
  showCovering();
}

function said(rho) {
  const alike = rho >= 0.8 ? "The two grids order the cells much alike." : rho >= 0.4
    ? "The two grids agree only in part." : "The two grids hardly agree.";
  return `${alike} Spearman's ρ between them is ${lens.number(rho)}: 1 would be the same order, 0 none. Both are right about what they ask: an exact share of the sum need not be what the pixels below it cause.`;
}

function showCovering() {
  const known = falls().filter((each) => each !== undefined).length, button = part("cover-all"), line = part("progress");
  button.hidden = known === size();
  button.disabled = covering;
  button.textContent = covering ? `Covering: ${known} of ${size()}` : "Cover every square in turn";
  line.hidden = !covering;
  line.firstChild.style.width = `${(100 * known) / size()}%`;
  line.setAttribute("aria-valuenow", String(Math.round((100 * known) / size())));
}

// --- one cell --------------------------------------------------------------------------------------------------

function choose(cell) {
  chosen = cell;
  if (covered[finding]?.[cell] === undefined) cover(cell);
  showRemoval();
  showRows();
  // in the table's own window; the page stays where it is
  const window_ = part("table");
  window_.scrollTop = rows[cell].offsetTop - window_.clientHeight / 2;
}

function near(cell) {
  const marked = [...Object.values(grids).map((grid) => [...grid.children]), rows].flat();
  for (const each of marked) each?.classList.remove("near");
  if (cell === null) return;
  for (const grid of Object.values(grids)) grid.children[cell]?.classList.add("near");
  rows[cell]?.classList.add("near");
}

function walk(event, name, cell) {
  const row = Math.floor(cell / book.columns), column = cell % book.columns;
  const to = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [row, 0], End: [row, book.columns - 1],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  if (to[0] < 0 || to[1] < 0 || to[0] >= book.rows || to[1] >= book.columns) return;
  const next = grids[name].children[to[0] * book.columns + to[1]];
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function showRemoval() {
  for (const grid of Object.values(grids)) {
    [...grid.children].forEach((button, cell) => button.setAttribute("aria-pressed", String(cell === chosen)));
  }
  part("removal").hidden = chosen === null;
  if (chosen === null) {
    part("chosen").textContent = "Choose a cell to take it out";
    say("By click, or with arrow keys and Enter: once its features are taken out of the mean, once its pixels are covered.");
    return;
  }
  const {cells, logit, threshold} = account(), carried = cells[chosen], after = covered[finding]?.[chosen];
  const changes = [carried, after === undefined ? 0 : after - logit], decimals = Math.max(2, decimalsFor(changes));
  const before = logistic(logit) >= threshold;
  const crossing = (how, other) => (threshold === null || before === (logistic(other) >= threshold) ? ""
    : ` ${how}, the score ${before ? "falls below" : "rises above"} its operating point ${lens.number(threshold)}.`);
  const row = (name, value) => made("tr", {}, made("th", {scope: "row"}, name), ...(value === undefined
    ? [made("td", {}, "…"), made("td", {}, ""), made("td", {}, "")]
    : [made("td", {}, fixed(value, decimals)), made("td", {}, value === logit ? "" : signed(value - logit, decimals)),
      made("td", {}, lens.apart(logistic(value), logistic(logit))[0])]));
  part("removal").tBodies[0].replaceChildren(row("as it is", logit), row("its features taken out", logit - carried), row("its pixels covered", after));
  part("chosen").textContent = `Without ${place(chosen)}`;
  say(after === undefined
    ? "Covering its pixels."
    : told(carried, after - logit, decimals) + crossing("Without its features", logit - carried) + crossing("Covered", after));
}

// Read aloud where it changed, and only there.
function say(sentence) {
  if (part("chosen-said").textContent !== sentence) part("chosen-said").textContent = sentence;
}

// The difference between the two removals, in one sentence.
function told(carried, change, decimals) {
  const both = `The features of this cell carry ${signed(carried, decimals)}; covering its pixels changes the logit by ${signed(change, decimals)}`;
  const fall = -change;
  if (Math.abs(carried - fall) <= 0.25 * Math.max(Math.abs(carried), Math.abs(fall))) return `${both}: here the two nearly agree.`;
  if (carried * fall < 0) return `${both}: they point in opposite directions, since features here also draw on pixels elsewhere, and these pixels feed features elsewhere.`;
  return Math.abs(fall) < Math.abs(carried)
    ? `${both}: features here also draw on pixels elsewhere, since their reach is larger than the cell.`
    : `${both}: these pixels also feed the features of other cells, since the reach of those is larger than a cell.`;
}

// --- the table -------------------------------------------------------------------------------------------------

let rows = [];

function showRows() {
  const {cells, bias, logit} = account(), decimals = Math.max(3, decimalsFor(cells, 2) + 1), least = Math.max(3, decimals);
  const row = (cell, soFar, at) => {
    const after = covered[finding]?.[cell];
    return made("tr", {
      class: at >= counted ? "left-out" : null, "aria-current": cell === chosen ? "true" : null,
      onpointerenter: () => near(cell), onpointerleave: () => near(null),
    }, made("th", {scope: "row"}, made("button", {
      type: "button", class: "place", "aria-pressed": String(cell === chosen), onclick: () => choose(cell), onfocus: () => near(cell), onblur: () => near(null),
    }, place(cell))), made("td", {}, signed(cells[cell], decimals)), made("td", {}, fixed(soFar, least)),
    made("td", {}, fixed(logit - cells[cell], least)), made("td", {}, after === undefined ? "not covered" : fixed(after, least)));
  };
  const focused = rows.findIndex((each) => each?.contains(document.activeElement));
  let soFar = bias;
  rows = [];
  const body = order().map((cell, at) => {
    soFar += cells[cell];
    rows[cell] = row(cell, soFar, at);
    return rows[cell];
  });
  const plain = (name, adds, total) => made("tr", {class: "total"}, made("th", {scope: "row"}, name), made("td", {}, adds), made("td", {}, total), made("td", {}, ""), made("td", {}, ""));
  part("rows").replaceChildren(plain("bias", signed(bias, decimals), fixed(bias, least)), ...body, plain("logit", "", fixed(logit, least)));
  if (focused >= 0) rows[focused].querySelector("button").focus({preventScroll: true});
}

part("cover-all").addEventListener("click", () => cover());
part("count").addEventListener("input", (event) => {
  counted = Number(event.target.value);
  showSum();
  showFeatures();
  showRows();
});
lens.subscribe("radiograph", (value) => {
  radiograph = value;
  reckon();
});
lens.subscribe("scores", (value) => {
  scores = value;
  if (!value.findings) {
    asked = "";
    run += 1;
    forget();
  }
  reckon();
});
lens.subscribe("network", () => reckon());
lens.subscribe("explained", (value) => {
  if (value.finding === finding) return;
  finding = value.finding;
  show();
});
let colourMap = "";
lens.subscribe("comparison", () => {
  if (look().colourMap === colourMap) return;
  colourMap = look().colourMap;
  show();
});
watch("value", () => { if (props.value) take(props.value); });
