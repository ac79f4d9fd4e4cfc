// From a score to a probability, for any prevalence.
import {create, parts} from "../../scripts/dom.js";
import {number, percent} from "../../scripts/numbers.js";
import {afterwards} from "./odds.js";

export function start(gradio) {
  new Probability(gradio);
}

class Probability {
  constructor({root, page, text}) {
    Object.assign(this, {page, text, part: parts(root)});
    this.scores = this.prevalence = null;
    this.finding = "";
    this.part("prevalence").addEventListener("input", (event) => {
      this.prevalence = 10 ** Number(event.target.value);
      this.show();
    });
    page.subscribe("scores", (scores) => { this.scores = scores; this.show(); });
    page.subscribe("explained", ({finding}) => {
      // another finding begins with the prevalence of its own data
      if (finding !== this.finding) this.prevalence = null;
      this.finding = finding;
      this.show();
    });
  }

  show() {
    const {part, scores, text} = this, each = scores?.findings?.find((one) => one.finding === this.finding);
    const usual = scores?.statistics?.ok ?? true, calibrated = Boolean(each && usual && each.probability !== null);
    part("odds").hidden = !calibrated;
    part("none").hidden = calibrated;
    if (!calibrated) {
      const reason = usual ? each?.withheld : text("withheld");
      part("none").textContent = each ? reason : text("waiting");
      return;
    }
    if (this.prevalence === null) {
      this.prevalence = each.prevalence;
      part("prevalence").value = Math.log10(this.prevalence);
    }
    const ratio = each.likelihood_ratio, [low, high] = each.likelihood_ratio_interval;
    const before = percent(this.prevalence);
    const after = (one) => percent(afterwards(one, this.prevalence));
    part("before").textContent = before;
    part("prevalence").setAttribute("aria-valuetext", before);
    part("sentence").replaceChildren(
      text("ratio", {ratio: number(ratio), low: number(low), high: number(high), finding: each.title, before}),
      create("strong", {}, after(ratio)), text("after", {low: after(low), high: after(high)}));
    const auc = (each.auc ?? []).map((one) => one.toFixed(2));
    part("auc").textContent = each.auc ? text("auc", {value: auc[0], low: auc[1], high: auc[2]}) : text("no_auc");
  }
}
