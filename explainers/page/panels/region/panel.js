// Hide a region: a visitor marks where the evidence is expected; the page covers it and regions of the same size.
import {create, parts} from "../../scripts/dom.js";
import {boxBetween} from "../../scripts/gestures.js";
import {number} from "../../scripts/numbers.js";
import {FEW, mapsTable, rankingTable, scoresTable} from "./tables.js";

// Of a side: a smaller box is a slip of the hand.
const LEAST_SHARE = 0.02;
const MOST_REGIONS = 10;

export function start(gradio) {
  new Region(gradio);
}

class Region {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {trigger, page, text, part: parts(root)});
    this.run = 0;
    this.marking = this.whole = false;
    this.corner = this.box = this.radiograph = this.comparison = null;
    this.listen();
    this.refresh();
    onValue((value) => this.show(value));
  }

  listen() {
    const {page, part} = this;
    part("mark").addEventListener("click", () => this.setMarking(!this.marking));
    part("clear").addEventListener("click", () => this.clear());
    for (const name of ["fill", "again"]) part(name).addEventListener("change", () => this.score());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.marking) this.setMarking(false);
    });
    page.subscribe("mark", (point) => this.takeCorner(point));
    page.subscribe("drawn-box", (box) => page.publish("box", box));
    page.subscribe("region", (box) => this.takeBox(box));
    page.subscribe("explained", () => page.publish("ranking", {regions: []}));
    page.subscribe("radiograph", (radiograph) => {
      if (this.radiograph && radiograph.token !== this.radiograph.token) this.clear();
      this.radiograph = radiograph;
    });
    page.subscribe("comparison", (value) => this.follow(value));
  }

  // New maps are asked about the same region.
  follow(value) {
    const before = this.comparison;
    const changed = value.done.join() !== before?.done.join() || value.token !== before?.token || before?.running;
    this.comparison = value;
    this.refresh();
    if (changed && this.box && value.done.length && !value.running) this.score();
  }

  refresh() {
    const {part, text, marking} = this;
    part("mark").disabled = !this.comparison?.done.length;
    part("mark").setAttribute("aria-pressed", String(marking));
    part("mark").textContent = text(marking ? "cancel" : "mark");
    part("clear").hidden = !this.box;
  }

  setMarking(on) {
    this.marking = on;
    this.corner = null;
    this.page.publish("marking", {on});
    this.say(on ? this.text("marking") : "");
    this.refresh();
  }

  say(sentence) {
    this.part("now").textContent = sentence;
  }

  // A corner; the second one makes the region.
  takeCorner(point) {
    const {y, x} = point;
    if (!this.marking || !(y >= 0 && y < 1 && x >= 0 && x < 1)) return;
    if (this.corner) {
      const box = boxBetween(this.corner, point);
      this.setMarking(false);
      this.takeBox(box);
      return;
    }
    this.corner = {y, x};
    this.page.publish("box", {top: y, left: x, height: 0, width: 0});
    this.say(this.text("next_corner"));
  }

  // A box that was drawn; what is too small is a slip, and the last one stays.
  takeBox(box) {
    if (box && Math.min(box.height, box.width) >= LEAST_SHARE && this.comparison?.done.length) {
      this.box = box;
      this.page.publish("tab", {name: "region"});
      this.score();
    }
    this.page.publish("box", this.box ?? {});
    this.refresh();
  }

  score() {
    const {box, page, part} = this;
    if (!box) return;
    this.run += 1;
    part("error").hidden = true;
    this.say(this.text("working", {count: MOST_REGIONS}));
    this.trigger("cover", {
      run: this.run, box: [box.top, box.left, box.height, box.width], fill: part("fill").value,
      frozen: !part("again").checked, model: page.last("network")?.model ?? "",
      finding: page.last("explained")?.finding ?? "",
    });
  }

  clear() {
    this.run += 1;
    this.box = this.corner = null;
    this.page.publish("box", {});
    this.page.publish("ranking", {regions: []});
    this.part("answers").hidden = true;
    this.part("error").hidden = true;
    this.say("");
    this.refresh();
  }

  show(value) {
    const {part} = this;
    if (value.error) {
      part("error").textContent = value.error.sentence;
      part("error").hidden = false;
      this.say("");
    } else if (value.run === this.run) this.showAnswers(value);
  }

  showAnswers(value) {
    const {page, part, text} = this, own = page.last("explained")?.finding;
    const moved = [...value.findings].sort((one, other) => Math.abs(other.logit) - Math.abs(one.logit));
    const first = [...moved.filter((each) => each.finding === own), ...moved.filter((each) => each.finding !== own)];
    part("answers").hidden = false;
    this.showScores(first);
    const shown = Object.entries(value.panels).filter(([name]) => this.comparison?.done.includes(name));
    part("maps").replaceChildren(mapsTable(text, Object.fromEntries(shown), (name) => this.titleOf(name)));
    const {title: finding, before, after} = first[0];
    const sentence = text("sentence", {finding, before: number(before), after: number(after)});
    if (!value.ranking) {
      this.say(`${sentence} ${text("working", {count: MOST_REGIONS})}`);
      part("ranking").replaceChildren();
      return;
    }
    part("ranking").replaceChildren(rankingTable(text, value.ranking, finding, (name) => this.titleOf(name)));
    page.publish("ranking", {regions: value.ranking.filter((each) => each.kind !== "random").map((each) => ({
      ...each, label: `${text(`short_${each.kind}`)} ${number(each.before)} → ${number(each.after)}`,
    }))});
    this.say(sentence);
    page.announce(sentence);
  }

  showScores(findings) {
    const {part, text, whole} = this, count = findings.length;
    const more = count > FEW && !whole ? create("button", {type: "button", class: "plain", onclick: () => {
      this.whole = true;
      this.showScores(findings);
    }}, text("all", {count})) : null;
    part("scores").replaceChildren(
      scoresTable(text, whole ? findings : findings.slice(0, FEW)), ...[more].filter(Boolean));
  }

  titleOf(name) {
    const {settings} = this.page, [explainer, second] = name.split("@");
    const title = settings.explainers.find((each) => each.name === explainer)?.title ?? explainer;
    return [title, settings.findings[second]?.title ?? second].filter(Boolean).join(", ");
  }
}
