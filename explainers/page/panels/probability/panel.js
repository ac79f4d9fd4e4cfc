// From a score to a probability, for any prevalence.
import {create, parts} from "../../scripts/dom.js";
import {number, percent} from "../../scripts/numbers.js";
import {afterwards, likelihoodRatio} from "./odds.js";

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
      const reason = usual ? text("no_calibration", {finding: each?.title}) : text("withheld");
      part("none").textContent = each ? reason : text("waiting");
      return;
    }
    if (this.prevalence === null) {
      this.prevalence = each.prevalence;
      part("prevalence").value = Math.log10(this.prevalence);
    }
    const ratio = likelihoodRatio(each.probability, each.prevalence), before = percent(this.prevalence);
    part("before").textContent = before;
    part("prevalence").setAttribute("aria-valuetext", before);
    part("sentence").replaceChildren(
      text(ratio >= 1 ? "ratio_for" : "ratio_against", {
        ratio: number(ratio >= 1 ? ratio : 1 / ratio), finding: each.title, before, lr: number(ratio),
      }), create("strong", {}, percent(afterwards(ratio, this.prevalence))), ".");
    const [value, low, high] = (each.auc ?? []).map((one) => one.toFixed(2));
    part("auc").textContent = each.auc ? text("auc", {value, low, high}) : text("no_auc");
  }
}
