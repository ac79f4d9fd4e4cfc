// Where the logit comes from: the sum over cells, and what covering the same squares of pixels does.
import {parts} from "../../scripts/dom.js";
import {decimalsFor} from "../../scripts/numbers.js";
import {Account} from "./account.js";
import {CellGrid} from "./cell_grid.js";
import {cellRows, removalRows} from "./cell_table.js";
import {setColours, showCovering, showFeatures, showPixels, showSum} from "./views.js";
import {crossingSentence, removalSentence} from "./words.js";

const OPACITY = 0.8;
// Of the radiograph's brightness: white numbers stay readable on bone.
const DIMMED = 0.5;

export function start(gradio) {
  new CamSum(gradio);
}

class CamSum {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {root, trigger, page, text, part: parts(root)});
    const grid = (name) => new CellGrid(page, {
      canvas: this.part(`${name}-picture`), bar: this.part(`${name}-bar`), ticks: this.part(`${name}-ticks`),
      grid: this.part(name),
    }, {onChoose: (cell) => this.choose(cell), onNear: (cell) => this.near(cell)});
    this.features = grid("features");
    this.pixels = grid("pixels");
    this.radiograph = this.scores = this.account = null;
    this.run = 0;
    this.requested = this.finding = this.colourMap = "";
    this.rows = [];
    this.forget();
    this.listen();
    onValue((value) => this.take(value));
  }

  listen() {
    const {page, part} = this;
    part("cover-all").addEventListener("click", () => this.cover());
    part("count").addEventListener("input", (event) => {
      this.counted = Number(event.target.value);
      showSum(this);
      showFeatures(this);
      this.showRows();
    });
    page.subscribe("radiograph", (radiograph) => {
      this.radiograph = radiograph;
      this.request();
    });
    page.subscribe("scores", (scores) => {
      this.scores = scores;
      if (!scores.findings) {
        this.requested = "";
        this.run += 1;
        this.forget();
      }
      this.request();
    });
    page.subscribe("network", () => this.request());
    page.subscribe("explained", ({finding}) => {
      if (finding === this.finding) return;
      this.finding = finding;
      this.show();
    });
    page.subscribe("comparison", () => {
      if (this.look.colourMap === this.colourMap) return;
      this.colourMap = this.look.colourMap;
      this.show();
    });
  }

  // --- asking ----------------------------------------------------------------------------------------------------

  request() {
    const {radiograph, scores} = this, model = this.page.last("network")?.model ?? "";
    if (!radiograph || !scores?.findings || scores.token !== radiograph.token || scores.model !== model) return;
    const subject = `${scores.token} ${model}`;
    if (subject === this.requested) return;
    this.requested = subject;
    this.run += 1;
    this.forget();
    this.trigger("add", {run: this.run, model});
  }

  forget() {
    const {part} = this;
    this.account = this.chosen = this.counted = null;
    this.covering = false;
    this.awaited = new Set();
    part("book").hidden = true;
    part("error").hidden = true;
    part("none").hidden = false;
    part("none").textContent = this.text(this.radiograph ? "adding" : "waiting");
  }

  cover(cell = null) {
    if (this.covering || this.awaited.has(cell)) return;
    if (cell === null) this.covering = true;
    else this.awaited.add(cell);
    this.part("error").hidden = true;
    this.trigger("cover", {run: this.run, model: this.account.book.model, cell});
    showCovering(this);
  }

  take(value) {
    if (value.error) this.fail(value.error.sentence);
    else if (value.run === this.run && value.token === this.radiograph?.token) {
      if (value.kind === "covered") this.takeCovered(value);
      else this.takeSum(value);
    }
  }

  fail(sentence) {
    const {part} = this;
    this.covering = false;
    this.awaited = new Set();
    part("error").textContent = sentence;
    part("error").hidden = false;
    part("none").hidden = true;
    if (this.account) showCovering(this);
  }

  takeSum(book) {
    const {part, radiograph, text} = this;
    part("none").hidden = !book.none;
    part("none").textContent = book.none ? text("none", {reason: book.none}) : "";
    part("book").hidden = Boolean(book.none);
    if (book.none) return;
    this.account = new Account(book, text);
    const dimmed = {...radiograph, grey: radiograph.grey.map((each) => DIMMED * each)};
    for (const grid of [this.features, this.pixels]) grid.fill(this.account, dimmed);
    this.show();
  }

  takeCovered(value) {
    if (!this.account) return;
    this.account.take(value);
    for (const cell of value.places) this.awaited.delete(cell);
    if (value.done && value.places.length === value.whole) {
      this.covering = false;
      this.page.announce(this.text("announced"));
    }
    showPixels(this);
    this.showRemoval();
    this.showRows();
  }

  // --- showing ---------------------------------------------------------------------------------------------------

  get look() {
    const {suited} = this.page.settings, chosen = this.page.last("comparison")?.look?.colourMap;
    const colourMap = suited.signed.includes(chosen) ? chosen : suited.signed[0];
    return {view: "signed", opacity: OPACITY, cells: true, colourMap};
  }

  show() {
    if (!this.account) return;
    const {account, part} = this;
    if (!account.of(this.finding)) this.finding = this.scores?.chosen ?? Object.keys(account.book.findings)[0];
    this.counted ??= account.size;
    part("method").textContent = this.text("method", {layer: account.book.layer});
    part("count").max = account.size;
    part("count").value = this.counted;
    setColours(this);
    showSum(this);
    showFeatures(this);
    showPixels(this);
    this.showRemoval();
    this.showRows();
  }

  // --- one cell --------------------------------------------------------------------------------------------------

  choose(cell) {
    this.chosen = cell;
    if (this.account.without(this.finding, cell) === undefined) this.cover(cell);
    this.showRemoval();
    this.showRows();
    // in the table's own window; the page stays where it is
    const table = this.part("table");
    table.scrollTop = this.rows[cell].offsetTop - table.clientHeight / 2;
  }

  near(cell) {
    for (const each of [this.features.cells, this.pixels.cells, this.rows]) {
      each.forEach((element, at) => element.classList.toggle("near", at === cell));
    }
  }

  showRemoval() {
    const {account, chosen, finding, part, text} = this;
    for (const grid of [this.features, this.pixels]) grid.press(chosen);
    part("removal").hidden = chosen === null;
    if (chosen === null) {
      part("chosen").textContent = text("choose");
      this.say(text("choose_text"));
      return;
    }
    const {cells, logit, threshold} = account.of(finding), after = account.without(finding, chosen);
    const changes = [cells[chosen], after === undefined ? 0 : after - logit];
    const decimals = Math.max(2, decimalsFor(changes));
    part("removal").tBodies[0].replaceChildren(...removalRows(text, account.of(finding), chosen, after, decimals));
    part("chosen").textContent = text("without", {place: account.place(chosen)});
    this.say(after === undefined ? text("covering_now") : [
      removalSentence(text, cells[chosen], after - logit, decimals),
      crossingSentence(text, "removed", logit, logit - cells[chosen], threshold),
      crossingSentence(text, "covered", logit, after, threshold),
    ].filter(Boolean).join(" "));
  }

  // Read aloud where it changed, and only there.
  say(sentence) {
    if (this.part("chosen-text").textContent !== sentence) this.part("chosen-text").textContent = sentence;
  }

  showRows() {
    const focused = this.rows.findIndex((each) => each?.contains(document.activeElement));
    const {byCell, rows} = cellRows(this.account, this.finding, this, {
      onChoose: (cell) => this.choose(cell), onNear: (cell) => this.near(cell),
    });
    this.rows = byCell;
    this.part("rows").replaceChildren(...rows);
    if (focused >= 0) byCell[focused].querySelector("button").focus({preventScroll: true});
  }
}
