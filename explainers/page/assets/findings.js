const lens = window.cxrLens;
const part = (name) => element.querySelector(`[data-${name}]`);
const list = part("list");
const FEW = 5;
let rows = new Map();

const HOW =
  "The tick is the operating point: the score from which on a finding is reported. Names above it are in full ink. " +
  "A score is no probability.";
const WHISKER =
  " The thin line is where the score would lie, 95 %, had the last layer been fitted on other patients; " +
  "another training run would move it further.";

function unseen(text) {
  return lens.element("span", {class: "unseen"}, text);
}

// Before there are scores: the names alone, so that nothing moves later.
function showNames() {
  const names = Object.values(lens.settings.findings);
  list.replaceChildren(...names.map((each) => lens.element(
    "li", {}, lens.element("button", {type: "button", class: "finding", disabled: true, title: each.description},
      lens.element("span", {class: "label"}, each.title), lens.element("span", {class: "meter"})),
  )));
}

function meter(each) {
  const bar = lens.element("span", {class: "meter", "aria-hidden": "true"});
  bar.append(lens.element("i", {class: "score", style: `width:${100 * each.score}%`}));
  if (each.interval) {
    const [low, high] = each.interval;
    bar.append(lens.element("i", {class: "interval", style: `left:${100 * low}%;width:${100 * (high - low)}%`}));
  }
  if (each.threshold !== null) bar.append(lens.element("i", {class: "point", style: `left:${100 * each.threshold}%`}));
  return bar;
}

function row(each) {
  const [score, point] = each.threshold === null ? [lens.number(each.score), "none"] : lens.apart(each.score, each.threshold);
  const button = lens.element(
    "button",
    {
      type: "button",
      class: each.above_threshold ? "finding above" : "finding",
      title: each.description,
      onclick: () => lens.publish("wanted", {finding: each.finding}),
    },
    lens.element("span", {class: "label"}, each.title),
    meter(each),
    unseen(", score "),
    lens.element("span", {class: "value"}, score),
    unseen(each.interval ? `, 95 % from ${lens.number(each.interval[0])} to ${lens.number(each.interval[1])}` : ""),
    unseen(", operating point "),
    lens.element("span", {class: "value quiet"}, point),
    unseen(each.above_threshold ? ", above" : each.threshold === null ? "" : ", below"),
  );
  rows.set(each.finding, button);
  return lens.element("li", {}, button);
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
  part("how").textContent = value.findings.some((each) => each.interval) ? HOW + WHISKER : HOW;
  part("all").hidden = value.findings.length <= FEW;
  part("all").textContent = `All ${value.findings.length} findings`;
  showCheck(value);
  lens.publish("scores", value);
  const first = value.findings[0];
  const verdict = above ? `${above} of ${value.findings.length} findings above their operating points` : "No finding above its operating point";
  lens.announce(`Scores are there. ${verdict}. First in the list: ${first.title}, ${lens.number(first.score)}.`);
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

part("all").addEventListener("click", () => {
  element.querySelector(".findings").classList.add("whole");
  part("all").hidden = true;
});

lens.subscribe("explained", ({finding}) => {
  for (const [name, button] of rows) button.setAttribute("aria-current", String(name === finding));
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
