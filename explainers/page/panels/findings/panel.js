// The scores: asked for when a radiograph or a network is new, and shown as a list.
import {create, parts} from "../../scripts/dom.js";
import {expectedFindings} from "../../scripts/findings.js";
import {number} from "../../scripts/numbers.js";
import {findingRow} from "./row.js";

const FEW = 5;

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
    this.part("list").replaceChildren(...expectedFindings(this.page).map((each) => create("li", {},
      create("button", {type: "button", class: "finding", disabled: true, title: each.description},
        create("span", {class: "label"}, each.title)),
      create("span", {class: "meter"}))));
    this.part("none").hidden = true;
    this.showWhole(false);
  }

  show(value) {
    const {part, page, text} = this, {token} = page.last("scores") ?? {};
    this.requested = "";
    if (value.error) {
      part("how").textContent = value.error.sentence;
      return;
    }
    // of a radiograph that is no longer shown
    if (token && token !== value.token) return;
    const usual = value.statistics.ok;
    this.rows = new Map();
    part("list").replaceChildren(...value.findings.map((each) => {
      const {finding} = each;
      const {item, button} = findingRow(text, each, usual, () => page.publish("chosen-finding", {finding}));
      this.rows.set(each.finding, button);
      return item;
    }));
    const above = value.findings.filter((each) => each.above_threshold).length;
    part("none").hidden = above > 0;
    part("columns").hidden = false;
    part("chances").hidden = !usual || value.findings.every((each) => each.probability === null);
    part("notes").hidden = !value.notes.length;
    part("notes").textContent = value.notes.join(" ");
    part("how").textContent = this.howToRead(value, usual);
    part("all").hidden = value.findings.length <= FEW;
    this.showWhole(this.section.classList.contains("whole"));
    this.showCheck(value);
    page.publish("scores", value);
    this.announce(value, above);
    // the network may have come while stored scores were on their way
    if (value.standIn) this.changeNetwork(page.last("network"));
  }

  howToRead({findings}, usual) {
    const {text} = this, calibrated = findings.some((each) => each.probability !== null);
    const how = text(usual && calibrated ? "how" : "how_uncalibrated");
    return [how, findings.some((each) => each.interval) ? text("band") : "", usual ? "" : text("withheld")]
      .filter(Boolean).join(" ");
  }

  announce({findings}, above) {
    const {text} = this, [first] = findings;
    const verdict = above ? text("some_above", {count: above, all: findings.length}) : text("none_above");
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
  }
}
