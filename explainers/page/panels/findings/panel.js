// The scores: asked for when a radiograph or a network is new, and shown as a list.
import {create, parts} from "../../scripts/dom.js";
import {expectedFindings} from "../../scripts/findings.js";
import {number} from "../../scripts/numbers.js";
import {findingRow} from "./row.js";

const FEW = 5;
// More rows than these have a scroll bar of their own.
const MANY = 24;

export function start(gradio) {
  new Findings(gradio);
}

class Findings {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {trigger, page, text, part: parts(root), section: root.querySelector(".findings")});
    this.rows = new Map();
    this.requested = "";
    this.part("all").addEventListener("click", () => this.showWhole(!this.section.classList.contains("whole")));
    page.subscribe("explained", ({finding}) => this.mark(finding));
    page.subscribe("scores", (scores) => {
      if (!scores.findings && this.rows.size) this.reset();
      this.request();
    });
    page.subscribe("network", (network) => this.changeNetwork(network));
    this.reset();
    onValue((value) => this.show(value));
  }

  // Scores that are missing are asked for: of a new radiograph, or from another network.
  request() {
    const {token, findings} = this.page.last("scores") ?? {}, network = this.page.last("network");
    const subject = `${token} ${network?.model ?? ""}`;
    if (!token || findings || this.requested === subject) return;
    this.requested = subject;
    if (network && network.state !== "ready") {
      this.part("how").textContent = this.text("waiting_network", {name: network.model});
    }
    this.trigger("score", {model: network?.model ?? ""});
  }

  changeNetwork(network) {
    const scored = this.page.last("scores");
    if (!scored?.findings && (network.state === "ready" || network.model !== this.listed)) this.reset();
    const isLoaded = network.state === "ready" && scored?.standIn;
    if (scored?.findings && (scored.model !== network.model || isLoaded)) {
      this.page.publish("scores", {token: scored.token, findings: null});
    }
  }

  // Before there are scores: the names alone, so that nothing moves later.
  reset() {
    this.rows = new Map();
    this.listed = this.page.last("network")?.model;
    this.section.classList.toggle("long", expectedFindings(this.page).length > MANY);
    this.part("list").replaceChildren(...expectedFindings(this.page).map((each) => create("li", {},
      create("button", {type: "button", class: "finding", disabled: true, title: each.description || each.title},
        create("span", {class: "label"}, each.title)),
      create("span", {class: "meter"}))));
    this.part("none").hidden = true;
    this.showWhole(false);
  }

  show(value) {
    const {part, page, text} = this, {token} = page.last("scores") ?? {}, used = page.last("network")?.model;
    this.requested = "";
    if (value.error) {
      part("how").textContent = value.error.sentence;
      return;
    }
    // of a radiograph that is no longer shown
    if (token && token !== value.token) return;
    // of a network that was changed for another one while it computed
    if (used && used !== value.model) {
      this.request();
      return;
    }
    const usual = value.statistics.ok;
    this.rows = new Map();
    part("list").replaceChildren(...value.findings.map((each) => {
      const {finding} = each;
      const {item, button} = findingRow(text, each, usual, () => page.publish("chosen-finding", {finding}));
      this.rows.set(each.finding, button);
      return item;
    }));
    this.section.classList.toggle("long", value.findings.length > MANY);
    const verdict = this.verdictOn(value);
    part("none").hidden = value.findings.some((each) => each.above_threshold);
    part("none").textContent = verdict;
    part("columns").hidden = false;
    part("chances").hidden = !usual || value.findings.every((each) => each.probability === null);
    part("notes").hidden = !value.notes.length;
    part("notes").textContent = value.notes.join(" ");
    part("how").textContent = this.howToRead(value, usual);
    part("all").hidden = value.findings.length <= FEW;
    this.showWhole(this.section.classList.contains("whole"));
    this.showCheck(value);
    page.publish("scores", value);
    this.announce(value, verdict);
    // the network may have come while stored scores were on their way
    if (value.standIn) this.changeNetwork(page.last("network"));
  }

  verdictOn({findings}) {
    const {text} = this, above = findings.filter((each) => each.above_threshold).length;
    if (above) return text("some_above", {count: above, all: findings.length});
    return text(findings.some((each) => each.threshold !== null) ? "none_above" : "no_points");
  }

  howToRead({findings}, usual) {
    const {text} = this, calibrated = findings.some((each) => each.probability !== null);
    const pointed = findings.some((each) => each.threshold !== null);
    const how = usual && calibrated ? "how" : pointed ? "how_uncalibrated" : "how_without_points";
    return [text(how), findings.some((each) => each.interval) ? text("band") : "", usual ? "" : text("withheld")]
      .filter(Boolean).join(" ");
  }

  announce({findings}, verdict) {
    const {text} = this, [first] = findings;
    this.page.announce(text("announced", {verdict, finding: first.title, score: number(first.score)}));
  }

  // On a narrow page the first few are enough, until all are wanted.
  showWhole(whole) {
    const {part, text} = this, count = whole ? FEW : part("list").children.length;
    this.section.classList.toggle("whole", whole);
    part("all").setAttribute("aria-expanded", String(whole));
    part("all").textContent = text(whole ? "few" : "all", {count});
  }

  showCheck({statistics, warnings}) {
    const {part, text} = this, rounded = (value) => number(Math.abs(value) < 5e-4 ? 0 : value);
    const {mean, std: deviation, minimum: least, maximum: most} = statistics;
    part("check").hidden = false;
    part("check").classList.toggle("doubtful", !statistics.ok || warnings.length > 0);
    part("verdict").textContent = [statistics.verdict, ...warnings].join(" ");
    // a mean of 3e-9 is zero to anybody who reads it
    part("statistics").textContent = text("input", {
      mean: rounded(mean), deviation: rounded(deviation), least: number(least), most: number(most),
    });
  }

  mark(finding) {
    for (const [name, button] of this.rows) {
      if (name === finding) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    if (this.rows.has(finding)) this.scrollTo(this.rows.get(finding).parentElement);
  }

  // In a list with a scroll bar; the page itself stays where it is.
  scrollTo(row) {
    const list = this.part("list"), top = row.offsetTop - list.offsetTop;
    const isSeen = top >= list.scrollTop && top + row.offsetHeight <= list.scrollTop + list.clientHeight;
    if (!isSeen) list.scrollTop = top - list.clientHeight / 2;
  }
}
