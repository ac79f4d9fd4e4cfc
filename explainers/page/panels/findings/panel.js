import {create, parts} from "../../scripts/dom.js";
import {apart, number} from "../../scripts/numbers.js";

const FEW = 5;
const HOW =
  "The one farthest above its operating point stands first. The tick is the operating point: the score from which on " +
  "a finding is reported. Names above it are in full ink. A score is no probability.";

export function start({root, trigger, onValue, page}) {
  const part = parts(root);
  const list = part("list");
  let rows = new Map(), asked = "";

  const BAND =
    " The lighter band is where the score would lie, 95 %, had the last layer been fitted on other patients; " +
    "another training run would move it further.";

  // Before there are scores: the names alone, so that nothing moves later.
  function showNames() {
    const names = Object.values(page.settings.findings);
    list.replaceChildren(...names.map((each) => create("li", {},
      create("button", {type: "button", class: "finding", disabled: true, title: each.description}, create("span", {class: "label"}, each.title)),
      create("span", {class: "meter"}))));
  }

  // What the meter shows, for those who hear it.
  function inWords(each, [score, point]) {
    const place = each.threshold === null ? "no operating point" : `${each.above_threshold ? "above" : "below"} its operating point ${point}`;
    return [score, place, each.interval ? `95 % from ${number(each.interval[0])} to ${number(each.interval[1])}` : ""].filter(Boolean).join(", ");
  }

  function meter(each, numbers) {
    const bar = create("span", {
      class: "meter", role: "meter", "aria-label": `Score of ${each.title}`, "aria-valuemin": "0", "aria-valuemax": "1",
      "aria-valuenow": each.score.toFixed(4), "aria-valuetext": inWords(each, numbers),
    });
    const percent = (share) => `${100 * share}%`;
    bar.append(create("i", {class: "score", style: `width:${percent(each.score)}`}));
    if (each.interval) {
      const [low, high] = each.interval, reached = (each.score - low) / Math.max(high - low, 1e-9);
      bar.append(create("i", {class: "interval", style: `left:${percent(low)};width:${percent(high - low)};--reached:${percent(Math.min(1, Math.max(0, reached)))}`}));
    }
    if (each.threshold !== null) bar.append(create("i", {class: "point", style: `left:${percent(each.threshold)}`}));
    return bar;
  }

  function row(each, at) {
    const numbers = each.threshold === null ? [number(each.score), "none"] : apart(each.score, each.threshold);
    const button = create("button", {
      type: "button", class: "finding", title: each.description, "aria-describedby": `finding-said-${at}`,
      onclick: () => page.publish("chosen-finding", {finding: each.finding}),
    },
    create("span", {class: "label"}, each.title),
    // the meter says them too; it stands beside the button, in which nobody would hear it
    create("span", {class: "value", "aria-hidden": "true"}, numbers[0]),
    create("span", {class: "value quiet", "aria-hidden": "true"}, numbers[1]));
    rows.set(each.finding, button);
    return create("li", {class: each.above_threshold ? "above" : null},
      button, meter(each, numbers), create("span", {class: "said quiet", id: `finding-said-${at}`}, each.description));
  }

  function show(value) {
    asked = "";
    if (value.error) {
      part("how").textContent = value.error.sentence;
      return;
    }
    rows = new Map();
    list.replaceChildren(...value.findings.map(row));
    const above = value.findings.filter((each) => each.above_threshold).length;
    part("none").hidden = above > 0;
    part("columns").hidden = false;
    part("how").textContent = value.findings.some((each) => each.interval) ? HOW + BAND : HOW;
    part("all").hidden = value.findings.length <= FEW;
    showWhole(root.querySelector(".findings").classList.contains("whole"));
    showCheck(value);
    page.publish("scores", value);
    const first = value.findings[0];
    const verdict = above ? `${above} of ${value.findings.length} findings above their operating points` : "No finding is above its operating point";
    page.announce(`Scores are there. ${verdict}. First in the list: ${first.title}, ${number(first.score)}.`);
  }

  // On a narrow page the first few are enough, until all are wanted.
  function showWhole(whole) {
    root.querySelector(".findings").classList.toggle("whole", whole);
    part("all").setAttribute("aria-expanded", String(whole));
    part("all").textContent = whole ? `The first ${FEW} findings` : `All ${list.children.length} findings`;
  }

  function showCheck({statistics, warnings}) {
    const check = part("check");
    check.hidden = false;
    check.classList.toggle("doubtful", !statistics.ok || warnings.length > 0);
    part("verdict").textContent = [statistics.verdict, ...warnings].join(" ");
    part("statistics").textContent =
      `Prepared input: mean ${number(rounded(statistics.mean))}, standard deviation ${number(rounded(statistics.std))}, ` +
      `from ${number(statistics.minimum)} to ${number(statistics.maximum)}.`;
  }

  // A mean of 3e-9 is zero to anybody who reads it.
  function rounded(value) {
    return Math.abs(value) < 5e-4 ? 0 : value;
  }

  part("all").addEventListener("click", () => showWhole(!root.querySelector(".findings").classList.contains("whole")));

  page.subscribe("explained", ({finding}) => {
    for (const [name, button] of rows) {
      if (name === finding) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  });
  page.subscribe("scores", (scores) => { if (!scores.findings && rows.size) reset(); });

  function reset() {
    rows = new Map();
    showNames();
    part("none").hidden = true;
  }

  // Scores that are missing are asked for: of a new radiograph, or from another network.
  function ask() {
    const {token, findings} = page.last("scores") ?? {}, model = page.last("network")?.model ?? "";
    if (!token || findings || asked === `${token} ${model}`) return;
    asked = `${token} ${model}`;
    trigger("score", {model});
  }

  page.subscribe("scores", ask);
  page.subscribe("network", (network) => {
    const scored = page.last("scores");
    if (network.state !== "ready" || !scored?.findings || scored.model === network.model) return;
    page.publish("scores", {token: scored.token, findings: null});
  });

  showNames();
  onValue(show);
}
