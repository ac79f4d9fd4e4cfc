import {create, parts} from "../../scripts/dom.js";
import {number, percent} from "../../scripts/numbers.js";

export function start({root, page}) {
  const part = parts(root);
  let scores = null, finding = "", prevalence = null;

  const odds = (probability) => probability / (1 - probability);
  const share = (each) => each / (1 + each);

  function chosen() {
    return scores?.findings?.find((each) => each.finding === finding) ?? null;
  }

  function show() {
    const each = chosen(), calibrated = each !== null && each.probability !== null;
    part("odds").hidden = !calibrated;
    part("none").hidden = calibrated;
    if (!calibrated) {
      part("none").textContent = each
        ? `The checkpoint has no calibration for ${each.title}, so its score can't be turned into a likelihood.`
        : "After a radiograph is loaded, this shows the likelihood of the finding that is explained.";
      return;
    }
    if (prevalence === null) {
      prevalence = each.prevalence;
      part("prevalence").value = Math.log10(prevalence);
    }
    const ratio = odds(each.probability) / odds(each.prevalence), after = share(ratio * odds(prevalence));
    const before = percent(prevalence);
    part("before").textContent = before;
    part("prevalence").setAttribute("aria-valuetext", before);
    part("said").replaceChildren(
      `This score of ${each.title} is `, create("strong", {}, `${number(ratio >= 1 ? ratio : 1 / ratio)} times`),
      ` as likely where the finding is ${ratio >= 1 ? "there" : "not there"}. Where ${before} have it, that makes `,
      create("strong", {}, percent(after)), ".");
    part("auc").textContent = each.auc
      ? `The AUC stays ${each.auc[0].toFixed(2)} (95 % ${each.auc[1].toFixed(2)} to ${each.auc[2].toFixed(2)}) whatever the prevalence: it says how well scores are ordered, not what one of them means. Nor does a score of 0.5 mean one half.`
      : "The AUC of a network stays what it is whatever the prevalence. Nor does a score of 0.5 mean one half.";
  }

  part("prevalence").addEventListener("input", (event) => {
    prevalence = 10 ** Number(event.target.value);
    show();
  });
  page.subscribe("scores", (value) => { scores = value; show(); });
  page.subscribe("explained", (value) => {
    // another finding begins where its own data had it
    if (value.finding !== finding) prevalence = null;
    finding = value.finding;
    show();
  });
}
