// One explainer's picture, its state, and its options.
import {create} from "../../scripts/dom.js";
import {titleOf} from "../../scripts/findings.js";
import {handle} from "../../scripts/gestures.js";
import {minus, percent} from "../../scripts/numbers.js";
import {Picture} from "../../scripts/picture.js";
import {CellMarks} from "./cell_marks.js";
import {mapMarkup} from "./map_markup.js";
import {optionsBox} from "./options.js";
import {factsOf, mapInWords, noteOf, showBox, showRanking, showValue, walk} from "./readout.js";
import {testResults} from "./test_results.js";

export class MapPanel {
  // network(): what the page knows of the network; onRerun(), onDrawn(): called when the visitor wants the map again,
  // and when it is there; second: {kind: "finding" or "network", name, title} of the second side, if it belongs to that
  constructor(page, explainer, options, {network, onRerun, onDrawn, second = null}) {
    Object.assign(this, {page, explainer, options, network, onRerun, onDrawn, second, text: page.text("map")});
    this.requestedNetwork = second?.kind === "network" ? second.name : "";
    this.state = "idle";
    this.shownMap = null;
    Object.assign(this, mapMarkup(page, this.text, explainer, second, () => this.filled));
    this.addOptions();
    this.marks = new CellMarks(this);
    this.picture = new Picture(page, this.canvas, this.bar, page.sight);
    this.listen();
    this.rest();
  }

  listen() {
    const {page, frame, stage} = this;
    handle(page, frame, stage, () => this.filled);
    frame.addEventListener("click", (event) => {
      if (!this.filled || !page.last("marking")?.on) return;
      const box = stage.getBoundingClientRect();
      page.publish("mark", {y: (event.clientY - box.top) / box.height, x: (event.clientX - box.left) / box.width});
    });
    frame.addEventListener("keydown", (event) => walk(this, event));
    this.ends = [
      this.end,
      page.subscribe("point", (point) => showValue(this, point)),
      page.subscribe("measured", (value) => this.showResults(value)),
      page.subscribe("ranking", (value) => showRanking(this, value)),
      page.subscribe("scores", (scores) => this.showBenchmark(scores.benchmark)),
      page.subscribe("marking", ({on}) => frame.classList.toggle("marking", on)),
      page.subscribe("box", () => showBox(this)),
      page.subscribe("sight", () => page.sight.place(stage)),
      page.subscribe("tone", ({maps}) => frame.classList.toggle("bare", !maps)),
    ];
  }

  // Takes the panel off the page.
  leave() {
    this.root.remove();
    for (const end of this.ends) end();
  }

  get unit() {
    return this.statedUnit ?? this.explainer.unit;
  }

  get key() {
    return this.second ? `${this.explainer.name}@${this.second.name}` : this.explainer.name;
  }

  get filled() { return Boolean(this.picture?.radiograph); }

  get mayHaveMap() { return this.state !== "failed" && this.state !== "cancelled"; }

  get inView() {
    const {top, bottom, left, right} = this.frame.getBoundingClientRect();
    return bottom > 0 && right > 0 && top < window.innerHeight && left < window.innerWidth;
  }

  // How the explainer fares on this network against a guess, where the checkpoint has a benchmark.
  showBenchmark(benchmark) {
    const pointing = benchmark?.pointing[this.explainer.name];
    this.fares.replaceChildren();
    if (pointing === undefined || this.explainer.control) return;
    const values = {pointing: percent(pointing), guess: percent(benchmark.guess), boxes: benchmark.boxes};
    const title = this.text("beats_help", values);
    this.fares.append(create("a", {href: "#about", title}, this.text("beats", values)));
  }

  // Spearman's rank correlation with the map of the first side.
  showCorrelation(correlation, other) {
    this.correlation.textContent = correlation === undefined ? ""
      : this.text("correlation", {other, value: minus(correlation.toFixed(2))});
  }

  showResults({panels, token}) {
    const results = panels[this.key] ?? {};
    this.results.replaceChildren(...testResults(this.page, results, this.mayHaveMap));
    this.marks.take(results, token);
  }

  // Whether the image looks like a chest radiograph.
  setUsual(usual) {
    this.unusual.hidden = usual;
  }

  // Both sides have the same options, which stand above the first.
  addOptions() {
    if (!this.explainer.options.length || this.second) return;
    const {box, again} = optionsBox(this);
    this.again = again;
    this.head.append(box);
  }

  // Whose explanation this is, where there are two sides; and the network it was asked of, if that is what differs.
  showSide(title, requestedNetwork = "") {
    this.side.textContent = title;
    this.requestedNetwork = requestedNetwork;
  }

  setRadiograph(radiograph) {
    this.picture.setRadiograph(radiograph);
    this.shownMap = null;
    this.frame.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
    this.rest();
  }

  // Nothing asked for yet: what this explainer does, where its picture will be.
  rest() {
    this.set("idle");
    this.words.textContent = this.explainer.summary;
    this.clear();
    this.describe(this.text("idle"));
  }

  wait() {
    this.set("waiting");
    this.words.textContent = "";
    this.clear();
    const network = this.network(), loading = network && network.state !== "ready";
    this.facts.textContent = loading ? this.text("network_loading", {name: network.model}) : this.text("queued");
    this.picture.drawGrey();
    this.describe(this.facts.textContent);
  }

  stop() {
    if (this.state !== "waiting" && this.state !== "running") return;
    this.set("cancelled");
    this.clear();
    this.words.textContent = this.text("stopped");
    this.describe(this.text("stopped"));
  }

  set(state) {
    this.state = state;
    this.root.dataset.state = state;
    this.line.hidden = state !== "running" && state !== "waiting";
    if (this.again && state === "done") this.again.disabled = true;
  }

  clear() {
    this.picture.forget();
    this.shownMap = null;
    this.bar.hidden = true;
    for (const part of [this.ticks, this.ranked]) part.replaceChildren();
    this.results.replaceChildren(...testResults(this.page, {}, this.mayHaveMap));
    for (const part of [this.note, this.facts, this.correlation]) part.textContent = "";
    this.facts.removeAttribute("title");
    this.marks.clear();
  }

  // What the server says of this panel.
  take(news, token) {
    if (news.state === "running") this.showProgress(news, token);
    else if (news.state === "done") this.finish(news, token);
    else if (news.state === "cancelled") this.stop();
    else if (news.state === "failed" && this.state !== "failed") this.fail(news.reason, news.code);
  }

  showProgress(news, token) {
    this.set("running");
    const known = news.fraction !== null, share = Math.round(100 * news.fraction);
    this.line.classList.toggle("unknown", !known);
    this.line.firstChild.style.width = known ? `${100 * news.fraction}%` : "";
    if (known) this.line.setAttribute("aria-valuenow", String(share));
    else this.line.removeAttribute("aria-valuenow");
    const words = [news.text || this.text("computing"), known ? `${share} %` : ""];
    this.facts.textContent = words.filter(Boolean).join(", ");
    if (news.preview) this.load(news.preview, token);
  }

  finish(news, token) {
    this.set("done");
    this.words.textContent = "";
    // another network may have taken the place of the one that was asked for
    const requested = this.requestedNetwork;
    if (requested) {
      this.side.textContent = news.source === requested ? requested
        : this.text("instead", {network: news.network, requested});
    }
    this.facts.title = this.text("passes_help", news.passes);
    this.facts.textContent = factsOf(this.text, news);
    this.finding = news.finding;
    this.statedUnit = news.unit;
    this.load(news, token);
  }

  fail(reason, code = "") {
    this.set("failed");
    this.clear();
    const failed = code === "NOT_AVAILABLE" ? "" : this.text("failed");
    this.words.replaceChildren(create("strong", {}, failed), " ", reason);
    this.describe(this.text("failed_alt", {reason}));
  }

  async load(news, token) {
    if (this.shownMap === news.map) return;
    this.shownMap = news.map;
    try {
      const values = await this.page.maps.get(token, news.map);
      if (this.shownMap !== news.map) return;
      this.picture.setMap({values, rows: news.rows, columns: news.columns, crop: news.crop, unit: this.unit});
      this.onDrawn();
    } catch (problem) {
      // a partial map may have been replaced before it was fetched; the next one comes
      if (this.shownMap !== news.map || this.state !== "done") return;
      this.fail(this.page.text("page")("map_failed", {reason: problem.message}));
    }
  }

  // The value with full colour of this map alone, null while there is none.
  ownScale(look) {
    return this.state === "done" && this.picture.map ? this.picture.ownScale(look).high : null;
  }

  draw(look, scale) {
    if (!this.picture.map || !["done", "running"].includes(this.state)) {
      if (this.filled) this.picture.drawGrey();
      return;
    }
    this.cells = look.cells;
    this.marks.show(look.verify);
    const drawn = this.picture.draw(look, scale), finding = titleOf(this.page, this.finding);
    const reason = drawn.empty ? this.text(drawn.empty, {finding}) : "";
    this.words.textContent = reason;
    this.root.classList.toggle("empty", Boolean(reason));
    this.ticks.replaceChildren(...drawn.ticks.map((tick) => create("span", {}, tick)));
    const legend = look.view === "signed" && !reason ? this.page.settings.colourMaps[look.colourMap].legend : "";
    this.note.textContent = [legend, noteOf(this.text, look, this.picture.map, drawn)].filter(Boolean).join(" ");
    this.describe(mapInWords(this, look, reason));
  }

  describe(sentence) {
    this.canvas.setAttribute("aria-label", sentence);
  }
}
