// The comparison: which explanations are asked for, what the server answers, and when the maps are drawn.
import {readAddress} from "../../scripts/address.js";
import {parts} from "../../scripts/dom.js";
import {titleOf} from "../../scripts/findings.js";
import {suitChoice} from "./at_first.js";
import {createChooser} from "./chooser.js";
import {describeFinding, findingOptions} from "./finding_words.js";
import {headline, pairWords} from "./headline.js";
import {createLooks} from "./looks.js";
import {defaults} from "./options.js";
import {PanelGrid} from "./panel_grid.js";
import {Regions} from "./regions.js";
import {compareRequest, isReady, rememberInAddress} from "./request.js";
import {findingSide, firstTitle, offerSides, sideKey} from "./sides.js";
import {showServer} from "./status.js";
import {viewTools} from "./view_tools.js";

export function start(gradio) {
  new Comparison(gradio);
}

class Comparison {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {root, trigger, page, text, part: parts(root)});
    this.explainers = new Map(page.settings.explainers.map((each) => [each.name, each]));
    this.requested = readAddress(window.location.search);
    const named = this.requested.explainers.split(",").filter((name) => this.explainers.has(name));
    this.atFirst = named.length ? null : page.settings.atFirst; // null once the visitor has chosen
    this.chosen = new Set(this.atFirst ?? named);
    this.options = Object.fromEntries(page.settings.explainers.map((each) => [each.name, defaults(each)]));
    this.radiograph = this.scores = this.network = null;
    this.finding = "";
    this.run = 0;
    this.running = this.rerun = false;
    this.begun = this.explainedToken = ""; // what was compared first; whose finding was explained last
    this.look = createLooks(page, this.part, this.requested.view, () => { rememberInAddress(this); this.draw(); });
    this.grid = new PanelGrid(page, this.part("panels"), {...this, callbacks: {
      network: () => this.network, onRerun: () => this.compareAgain(), onDrawn: () => this.draw(),
    }});
    new Regions(page, () => this.grid.panels);
    createChooser(page, this.part, this.explainers, this.chosen, (name, chosen) => this.choose(name, chosen));
    for (const name of this.explainers.keys()) if (this.chosen.has(name)) this.grid.add(name);
    this.listen();
    this.refresh();
    onValue((value) => this.take(value));
  }

  listen() {
    const {page, part} = this;
    viewTools(page, part("tools"));
    part("finding").addEventListener("change", (event) => this.explain(event.target.value));
    part("compare").addEventListener("click", () => this.compare());
    part("second").addEventListener("change", (event) => this.chooseSecond(event.target.value));
    part("stop").addEventListener("click", () => this.stop());
    part("pair").addEventListener("click", () => page.publish("tab", {name: "agreement"}));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.stop(); });
    page.subscribe("network", (network) => {
      this.network = network;
      if (suitChoice(this)) this.compareAgain();
      this.fillSecond();
      this.begin();
    });
    page.subscribe("chosen-finding", ({finding}) => this.explain(finding));
    page.subscribe("radiograph", (radiograph) => {
      this.radiograph = radiograph;
      if (page.sight.changed) page.sight.reset();
      this.grid.setRadiograph(radiograph);
      this.begin();
    });
    page.subscribe("scores", (scores) => {
      this.scores = scores;
      if (!scores.findings) {
        if (this.running) this.stop();
        for (const panel of this.grid.all) panel.rest();
      }
      this.begin();
    });
    page.subscribe("server", (server) => showServer(this, server));
  }

  get second() { return this.grid.second; }
  get ready() { return isReady(this); }

  get chosenInOrder() { return [...this.explainers.keys()].filter((name) => this.chosen.has(name)); }

  // Once radiograph, scores and network are there, in whichever order they came: the first comparison.
  begin() {
    const {requested, scores} = this, subject = `${this.radiograph?.token} ${this.network?.model} ${scores?.standIn}`;
    if (this.ready && this.begun !== subject) {
      const first = !this.begun, {planted} = this.radiograph;
      this.begun = subject;
      // the finding that is being looked at stays when another network scores it too
      const stays = this.explainedToken === this.radiograph.token && this.scoreOf(this.finding);
      const named = [first ? requested.finding : "", planted, scores.chosen].find((name) => this.scoreOf(name));
      if (!stays) this.finding = named;
      if (first && this.scoreOf(requested.second) && requested.second !== this.finding) {
        this.grid.setSecond(findingSide(requested.second, this.title(requested.second)), this.chosen);
      }
      this.explainedToken = this.radiograph.token;
      this.part("finding").replaceChildren(...findingOptions(this.text, scores.findings));
      this.explain(this.finding);
    }
    this.refresh();
  }

  compare() {
    if (!this.ready || !this.chosen.size) return;
    const {finding, chosenInOrder: names} = this;
    this.run += 1;
    this.running = true;
    this.rerun = false;
    this.part("error").hidden = true;
    for (const panel of this.grid.all) panel.wait();
    this.showSides();
    this.sayComputing();
    this.trigger("compare", compareRequest(this, names));
    this.page.publish("explained", {finding});
    rememberInAddress(this);
    this.refresh();
  }

  // Again once this run has ended, or now.
  compareAgain() {
    if (this.running) this.rerun = true;
    else this.compare();
  }

  stop() {
    if (!this.running) return;
    this.trigger("cancel", {run: this.run});
    // what the ended comparison still says is not listened to
    this.run += 1;
    this.running = this.rerun = false;
    for (const panel of this.grid.all) panel.stop();
    this.say(this.text("stopped"));
    this.page.announce(this.text("stopped"));
    this.refresh();
  }

  // A comparison that is under way need not be stopped before: the server ends it for the next one.
  explain(name) {
    if (!this.scoreOf(name) || (this.running && name === this.finding)) return;
    // the second finding, if it is asked for, changes places with the first
    if (this.second?.kind === "finding" && this.second.name === name) {
      this.grid.setSecond(findingSide(this.finding, this.title(this.finding)), this.chosen);
    }
    this.finding = name;
    this.part("finding").value = name;
    describeFinding(this);
    this.fillSecond();
    this.compare();
  }

  take(value) {
    if (value.error) {
      this.run += 1;
      this.running = false;
      for (const panel of this.grid.all) panel.stop();
      this.say("");
      this.part("error").textContent = value.error.sentence;
      this.part("error").hidden = false;
    } else if (value.run === this.run) {
      for (const [name, each] of Object.entries(value.panels)) this.grid.get(name)?.take(each, value.token);
      for (const [name, correlation] of Object.entries(value.correlations)) {
        this.grid.get(this.grid.secondKey(name))?.showCorrelation(correlation, firstTitle(this));
      }
      if (value.done) this.finish(value);
      // an explainer that was left out while others ran would keep them waiting
      else if (this.grid.lacksRunning(value.panels)) this.compare();
    }
    this.refresh();
  }

  finish({panels, agreement, token}) {
    const states = Object.values(panels).map((each) => each.state), {text} = this;
    const done = states.filter((state) => state === "done").length;
    this.running = false;
    this.page.publish("agreement", {token, agreement});
    this.say(headline(text, agreement), agreement ? pairWords(text, agreement) : "");
    this.page.announce(text("announced", {done, all: states.length, finding: this.title(this.finding)}));
    if (this.rerun) this.compare();
  }

  sayComputing() {
    const {size: count} = this.chosen;
    this.say(this.text(count > 1 ? "computing" : "computing_one", {count, finding: this.title(this.finding)}));
  }

  // The sentence above the maps.
  say(sentence, pair = "") {
    this.part("sentence").textContent = sentence;
    this.part("pair").textContent = pair;
    this.part("pair").hidden = !pair;
  }

  draw() {
    const {grid, look, radiograph, running} = this;
    grid.paint();
    this.page.publish("comparison", {token: radiograph?.token, look: {...look}, done: grid.done, running});
  }

  scoreOf(name) {
    return this.scores?.findings?.find((each) => each.finding === name);
  }

  title(name) { return titleOf(this.page, name); }

  refresh() {
    const {part, ready, running} = this;
    part("finding").disabled = part("second").disabled = !ready;
    part("compare").disabled = !ready || !this.chosen.size || running;
    part("stop").hidden = !running;
    part("count").textContent = `(${this.chosen.size})`;
    this.root.querySelector(".comparison").setAttribute("aria-busy", String(running));
    this.draw();
  }

  choose(name, chosen) {
    this.atFirst = null;
    if (chosen) {
      this.chosen.add(name);
      this.grid.add(name);
      this.compareAgain();
    } else {
      this.chosen.delete(name);
      this.grid.remove(name);
      if (!this.chosen.size) this.stop();
      else if (this.running) this.sayComputing();
      else this.compare();
    }
    this.refresh();
  }

  showSides() {
    for (const name of this.chosen) this.grid.get(name)?.showSide(this.second ? firstTitle(this) : "");
  }

  fillSecond() {
    this.sides = offerSides(this);
    // one that is not offered any more, unless the scores are only on their way
    if (this.second && this.ready && !this.sides.has(sideKey(this.second))) this.grid.setSecond(null, this.chosen);
    this.part("second").value = sideKey(this.second);
  }

  chooseSecond(key) {
    this.grid.setSecond(this.sides.get(key) ?? null, this.chosen);
    describeFinding(this);
    this.compare();
  }
}
