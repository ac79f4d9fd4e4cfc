const lens = window.cxrLens;
const part = (name) => element.querySelector(`[data-${name}]`);
const list = part("list");
const FEW = 5;
let rows = new Map();

const HOW =
  "The one farthest above its operating point stands first. The tick is the operating point: the score from which on " +
  "a finding is reported. Names above it are in full ink. A score is no probability.";
const BAND =
  " The lighter band is where the score would lie, 95 %, had the last layer been fitted on other patients; " +
  "another training run would move it further.";

// Before there are scores: the names alone, so that nothing moves later.
function showNames() {
  const names = Object.values(lens.settings.findings);
  list.replaceChildren(...names.map((each) => lens.element("li", {},
    lens.element("button", {type: "button", class: "finding", disabled: true, title: each.description}, lens.element("span", {class: "label"}, each.title)),
    lens.element("span", {class: "meter"}))));
}

// What the meter shows, for those who hear it.
function inWords(each, [score, point]) {
  const place = each.threshold === null ? "no operating point" : `${each.above_threshold ? "above" : "below"} its operating point ${point}`;
  return [score, place, each.interval ? `95 % from ${lens.number(each.interval[0])} to ${lens.number(each.interval[1])}` : ""].filter(Boolean).join(", ");
}

function meter(each, numbers) {
  const bar = lens.element("span", {
    class: "meter", role: "meter", "aria-label": `Score of ${each.title}`, "aria-valuemin": "0", "aria-valuemax": "1",
    "aria-valuenow": each.score.toFixed(4), "aria-valuetext": inWords(each, numbers),
  });
  const percent = (share) => `${100 * share}%`;
  bar.append(lens.element("i", {class: "score", style: `width:${percent(each.score)}`}));
  if (each.interval) {
    const [low, high] = each.interval, reached = (each.score - low) / Math.max(high - low, 1e-9);
    bar.append(lens.element("i", {class: "interval", style: `left:${percent(low)};width:${percent(high - low)};--reached:${percent(Math.min(1, Math.max(0, reached)))}`}));
  }
  if (each.threshold !== null) bar.append(lens.element("i", {class: "point", style: `left:${percent(each.threshold)}`}));
  return bar;
}

function row(each, at) {
  const numbers = each.threshold === null ? [lens.number(each.score), "none"] : lens.apart(each.score, each.threshold);
  const button = lens.element("button", {
    type: "button", class: "finding", title: each.description, "aria-describedby": `finding-said-${at}`,
    onclick: () => lens.publish("wanted", {finding: each.finding}),
  },
  lens.element("span", {class: "label"}, each.title),
  // the meter says them too; it stands beside the button, in which nobody would hear it
  lens.element("span", {class: "value", "aria-hidden": "true"}, numbers[0]),
  lens.element("span", {class: "value quiet", "aria-hidden": "true"}, numbers[1]));
  rows.set(each.finding, button);
  return lens.element("li", {class: each.above_threshold ? "above" : null},
    button, meter(each, numbers), lens.element("span", {class: "said quiet", id: `finding-said-${at}`}, each.description));
}

function show(value) {
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
  showWhole(element.querySelector(".findings").classList.contains("whole"));
  showCheck(value);
  lens.publish("scores", value);
  const first = value.findings[0];
  const verdict = above ? `${above} of ${value.findings.length} findings above their operating points` : "No finding is above its operating point";
  lens.announce(`Scores are there. ${verdict}. First in the list: ${first.title}, ${lens.number(first.score)}.`);
}

// On a narrow page the first few are enough, until all are wanted.
function showWhole(whole) {
  element.querySelector(".findings").classList.toggle("whole", whole);
  part("all").setAttribute("aria-expanded", String(whole));
  part("all").textContent = whole ? `The first ${FEW} findings` : `All ${list.children.length} findings`;
}

function showCheck({statistics, warnings}) {
  const check = part("check");
  check.hidden = false;
  check.classList.toggle("doubtful", !statistics.ok || warnings.length > 0);
  part("verdict").textContent = [statistics.verdict, ...warnings].join(" ");
  part("statistics").textContent =
    `Prepared input: mean ${lens.number(rounded(statistics.mean))}, standard deviation ${lens.number(rounded(statistics.std))}, ` +
    `from ${lens.number(statistics.minimum)} to ${lens.number(statistics.maximum)}.`;
}

// A mean of 3e-9 is zero to anybody who reads it.
function rounded(value) {
  return Math.abs(value) < 5e-4 ? 0 : value;
}

part("all").addEventListener("click", () => showWhole(!element.querySelector(".findings").classList.contains("whole")));

lens.subscribe("explained", ({finding}) => {
  for (const [name, button] of rows) {
    if (name === finding) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
});
lens.subscribe("scores", (scores) => { if (!scores.findings && rows.size) reset(); });

function reset() {
  rows = new Map();
  showNames();
  part("none").hidden = true;
}

// Another network was chosen: it scores the radiograph that is there.
lens.subscribe("network", (network) => {
  const scored = lens.last("scores");
  if (network.state !== "ready" || !scored?.findings || scored.model === network.model) return;
  lens.publish("scores", {token: scored.token, findings: null});
  trigger("rescore", {model: network.model});
});

showNames();
watch("value", () => { if (props.value) show(props.value); });
