const lens = window.cxrLens;
const {settings} = lens;
const part = (name) => element.querySelector(`[data-${name}]`);
const explainers = new Map(settings.explainers.map((each) => [each.name, each]));
// The address may say what to begin with, ?finding=Effusion&explainers=grad_cam,edges; never a picture.
const asked = new URLSearchParams(window.location.search);
const named = (asked.get("explainers") ?? "").split(",").filter((name) => explainers.has(name));
const chosen = new Set(named.length ? named : settings.atFirst);
const options = Object.fromEntries(settings.explainers.map((each) => [each.name, lens.defaults(each)]));
const panels = new Map();
const look = {view: "positive", opacity: 0.6, colourMap: settings.suited.positive[0], cells: false, sameScale: false};

// beside: {kind: "finding" or "network", name, title} of what is explained beside the finding, or null
let radiograph = null, scores = null, network = null, finding = "", beside = null;
let run = 0, running = false, again = false;

// --- what is compared ------------------------------------------------------------------------------------------

// The address follows what is chosen, so that it can be passed on.
function tellAddress() {
  const address = new URL(window.location.href);
  address.searchParams.set("finding", finding);
  address.searchParams.set("explainers", [...explainers.keys()].filter((name) => chosen.has(name)).join(","));
  if (beside?.kind === "finding") address.searchParams.set("second", beside.name);
  else address.searchParams.delete("second");
  window.history.replaceState(window.history.state, "", address);
}

function ready() {
  return Boolean(network?.state === "ready" && radiograph && scores?.findings
    && scores.token === radiograph.token && scores.model === network.model);
}

function compare() {
  if (!ready() || !chosen.size) return;
  run += 1;
  running = true;
  again = false;
  part("error").hidden = true;
  const names = [...explainers.keys()].filter((name) => chosen.has(name));
  for (const panel of panels.values()) panel.wait();
  tellSides();
  trigger("compare", {
    run, finding, explainers: names, options: Object.fromEntries(names.map((name) => [name, options[name]])),
    networks: beside?.kind === "network" ? [network.model, beside.name] : [network.model],
    second: beside?.kind === "finding" ? beside.name : "",
  });
  lens.publish("explained", {finding});
  tellAddress();
  refresh();
}

function stop() {
  if (!running) return;
  trigger("cancel", {run});
  // what the ended comparison still says is not listened to
  run += 1;
  running = again = false;
  for (const panel of panels.values()) panel.stop();
  lens.announce("Stopped.");
  refresh();
}

// A comparison that is under way need not be stopped before: the server ends it for the next one.
function explain(name) {
  if (!scored(name) || (running && name === finding)) return;
  // what stood beside and is now asked for changes places with what was asked for
  if (beside?.kind === "finding" && beside.name === name) standBeside(asFinding(finding));
  finding = name;
  part("finding").value = name;
  tellFinding();
  fillBesides();
  compare();
}

function take(value) {
  if (value.error) {
    run += 1;
    running = false;
    for (const panel of panels.values()) panel.stop();
    part("error").textContent = value.error.sentence;
    part("error").hidden = false;
  } else if (value.run === run) {
    for (const [name, each] of Object.entries(value.panels)) panels.get(name)?.take(each, value.token);
    for (const [name, correlation] of Object.entries(value.alike)) panels.get(besides(name))?.liken(correlation, first());
    if (value.done) finish(value);
    else if (worksForNobody(value)) compare();
  }
  refresh();
}

// An explainer that was left out while others ran would keep them waiting: begin anew, with what is known at hand.
function worksForNobody({panels: shown}) {
  return Object.entries(shown).some(([name, each]) => each.state === "running" && !panels.has(name));
}

function finish(value) {
  running = false;
  const states = Object.values(value.panels).map((each) => each.state);
  const failed = states.filter((state) => state === "failed").length;
  lens.announce(`Comparison done: ${states.length - failed} of ${states.length} explanations of ${title(finding)}.`);
  if (again) compare();
}

// --- how it is drawn -------------------------------------------------------------------------------------------

function setView(view) {
  look.view = view;
  look.colourMap = settings.suited[view].includes(look.colourMap) ? look.colourMap : settings.suited[view][0];
  fillColours();
  draw();
}

function fillColours() {
  const select = part("colours");
  select.replaceChildren(...settings.suited[look.view].map(
    (name) => lens.element("option", {value: name}, settings.colourMaps[name].title),
  ));
  select.value = look.colourMap;
  select.disabled = look.view === "contour" || look.view === "percentile" && settings.suited[look.view].length < 2;
  part("scale").disabled = look.view === "contour" || look.view === "percentile";
}

// The scale that panels share: the largest of those with the same unit.
function scales() {
  const largest = new Map();
  for (const panel of panels.values()) {
    const own = panel.ownScale(look.view);
    if (own !== null) largest.set(panel.unit, Math.max(own, largest.get(panel.unit) ?? 0));
  }
  return largest;
}

function draw() {
  paint();
  tellComparison();
}

function paint(those = panels.values()) {
  const shared = look.sameScale ? scales() : new Map();
  for (const panel of those) panel.draw(look, shared.get(panel.unit) ?? null);
}

let turn = 0;

// What is seen at once, the rest one by one: greys follow the hand however many panels there are.
function paintInTurn() {
  const mine = ++turn, seen = [...panels.values()].filter((panel) => panel.inView);
  const unseen = [...panels.values()].filter((panel) => !panel.inView);
  paint(seen);
  const next = () => {
    if (mine !== turn || !unseen.length) return;
    paint([unseen.shift()]);
    setTimeout(next);
  };
  setTimeout(next);
}

function tellComparison() {
  const done = [...panels].filter(([, panel]) => panel.state === "done").map(([name]) => name);
  lens.publish("comparison", {token: radiograph?.token, look: {...look}, done, running});
}

// --- what is said and shown ------------------------------------------------------------------------------------

function scored(name) {
  return Boolean(scores?.findings?.some((each) => each.finding === name));
}

function title(name) {
  return settings.findings[name]?.title ?? name;
}

function tellFinding() {
  const [own, other] = [finding, beside?.kind === "finding" ? beside.name : ""].map((name) => scores.findings.find((each) => each.finding === name));
  part("about").replaceChildren(...inWords(own), ...(other ? [` Beside it ${other.title}: `, ...inWords(other)] : []));
}

// What a finding is, and its score, never without its operating point.
function inWords(each) {
  const side = each.above_threshold ? "above" : "below";
  const [score, point] = each.threshold === null
    ? [lens.number(each.score), ""]
    : lens.apart(each.score, each.threshold);
  const place = point
    ? `${side} its ${each.provisional ? "provisional " : ""}operating point ${point}`
    : "the checkpoint states no operating point";
  const probability = each.probability === null
    ? "Uncalibrated."
    : `Calibrated probability ${lens.percent(each.probability)}, where ${lens.percent(each.prevalence)} have it.`;
  return [each.description, " ", lens.element("strong", {}, `Score ${score}`), `, ${place}. ${probability.replaceAll(" %", "\u00a0%")}`];
}

function fillFindings() {
  const select = part("finding");
  const groups = [["Above the operating point", true], ["Below", false]].map(([label, above]) => {
    const members = scores.findings.filter((each) => Boolean(each.above_threshold) === above);
    const items = members.map((each) => lens.element("option", {value: each.finding}, each.title));
    return items.length ? lens.element("optgroup", {label}, ...items) : null;
  });
  select.replaceChildren(...groups.filter(Boolean));
  select.value = finding;
}

function refresh() {
  part("finding").disabled = part("beside").disabled = !ready();
  part("compare").disabled = !ready() || !chosen.size || running;
  part("compare").hidden = running;
  part("stop").hidden = !running;
  element.querySelector(".bench").setAttribute("aria-busy", String(running));
  draw();
}

function choose(name, wanted) {
  if (wanted) {
    chosen.add(name);
    addPanel(name);
    if (beside) addPanel(name, beside);
    tellSides();
    if (running) again = true;
    else if (panels.get(name).state === "idle") compare();
  } else {
    chosen.delete(name);
    removePanel(name);
    removePanel(besides(name));
    if (!chosen.size) stop();
  }
  refresh();
}

// Panels of what stands beside go by the explainer's name and its own.
function besides(name) {
  return `${name}@${beside?.name}`;
}

function removePanel(key) {
  panels.get(key)?.leave();
  panels.delete(key);
  for (const pair of part("panels").querySelectorAll(".pair:empty")) pair.remove();
}

const asFinding = (name) => ({kind: "finding", name, title: title(name)});
const asNetwork = (name) => ({kind: "network", name, title: name});
const keyOf = (each) => (each ? `${each.kind}:${each.name}` : "");

// What the first side is called, where there are two.
function first() {
  return beside?.kind === "network" ? network.model : title(finding);
}

function tellSides() {
  for (const name of chosen) panels.get(name)?.tell(beside ? first() : "");
}

function standBeside(other) {
  for (const name of chosen) removePanel(besides(name));
  beside = other;
  part("panels").classList.toggle("paired", Boolean(beside));
  for (const name of chosen) if (beside) addPanel(name, beside);
}

// Nothing, another finding of this network, or this finding of another network; none can stand beside itself.
function fillBesides() {
  const findings = (scores?.findings ?? []).filter((each) => each.finding !== finding).map((each) => asFinding(each.finding));
  const networks = Object.keys(lens.last("networks") ?? {}).filter((name) => name !== network?.model).map(asNetwork);
  const groups = [["Another finding", findings], ["Another network", networks]].filter(([, members]) => members.length);
  part("beside").replaceChildren(lens.element("option", {value: ""}, "nothing"), ...groups.map(([label, members]) => lens.element(
    "optgroup", {label}, ...members.map((each) => lens.element("option", {value: keyOf(each)}, each.title)),
  )));
  // one that is not offered any more, unless the scores are only on their way
  if (beside && ready() && ![...findings, ...networks].some((each) => keyOf(each) === keyOf(beside))) standBeside(null);
  part("beside").value = keyOf(beside);
}

function chooseBeside(key) {
  const [kind, ...name] = key.split(":");
  standBeside(kind === "finding" ? asFinding(name.join(":")) : kind === "network" ? asNetwork(name.join(":")) : null);
  tellFinding();
  compare();
}

// In the order of the registry, whatever order they were chosen in; an explainer's two panels are a pair.
function addPanel(name, other = null) {
  const panel = new lens.Panel(explainers.get(name), options[name], () => network, {
    rerun: () => { if (running) again = true; else compare(); },
    drawn: () => draw(),
  }, other);
  panels.set(panel.key, panel);
  if (radiograph) panel.setRadiograph(radiograph);
  pairOf(name).append(panel.root);
}

function pairOf(name) {
  const pairs = [...part("panels").children], order = [...explainers.keys()], place = order.indexOf(name);
  const known = pairs.find((each) => each.dataset.pair === name);
  if (known) return known;
  const pair = lens.element("div", {class: "pair", "data-pair": name});
  part("panels").insertBefore(pair, pairs.find((each) => order.indexOf(each.dataset.pair) > place) ?? null);
  return pair;
}

// --- controls --------------------------------------------------------------------------------------------------

const VIEW_NAMES = {positive: "Positive", signed: "Signed", percentile: "Percentile", contour: "Contour"};

for (const [view, said] of Object.entries(settings.views)) {
  const radio = lens.element("input", {
    type: "radio", name: "lens-view", value: view, checked: view === look.view, onchange: () => setView(view),
  });
  part("views").append(lens.element("label", {title: said}, radio, lens.element("span", {}, VIEW_NAMES[view] ?? view)));
}

// At first a few are offered: those that are compared, and what was brought to this page. The others unfold.
function offered(name, each) {
  return chosen.has(name) || settings.atFirst.includes(name) || (!each.builtin && !each.control);
}

function offer(name, each, where) {
  const box = lens.element("input", {
    type: "checkbox", checked: chosen.has(name), onchange: () => choose(name, box.checked),
  });
  // a control that the address names stands among explainers: there it says what it is
  const said = where === part("chooser") ? each.title : lens.short(each);
  where.append(lens.element("label", {class: "chip", title: each.summary}, box, lens.element("span", {}, said)));
}

function unfold() {
  part("more").hidden = true;
  part("others").hidden = false;
  part("others").querySelector("input").focus();
}

for (const [name, each] of explainers) {
  if (offered(name, each)) offer(name, each, part("chooser"));
  if (chosen.has(name)) addPanel(name);
}
const others = [...explainers].filter(([name, each]) => !offered(name, each));
for (const control of [false, true]) {
  const group = others.filter(([, each]) => each.control === control);
  if (control && group.length) {
    part("others").append(lens.element("span", {class: "quiet group", title: "Maps that must lose against an explanation. A test that one of them passes shows nothing."}, "Controls"));
  }
  for (const [name, each] of group) offer(name, each, part("others"));
}
part("more").textContent = `${others.length} more`;
part("more").setAttribute("aria-label", `${others.length} more explainers`);
part("more").hidden = !others.length;
part("more").addEventListener("click", unfold);

part("finding").addEventListener("change", (event) => explain(event.target.value));
part("opacity").addEventListener("input", (event) => {
  look.opacity = Number(event.target.value) / 100;
  part("opacity-value").textContent = `${event.target.value} %`;
  draw();
});
part("colours").addEventListener("change", (event) => { look.colourMap = event.target.value; draw(); });
part("scale").addEventListener("change", (event) => { look.sameScale = event.target.value === "same"; draw(); });
part("cells").addEventListener("change", (event) => { look.cells = event.target.checked; draw(); });
part("compare").addEventListener("click", () => compare());
part("beside").addEventListener("change", (event) => chooseBeside(event.target.value));
part("stop").addEventListener("click", () => stop());
document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });

lens.viewTools(part("tools"), part("contrast"), part("hint"));
lens.subscribe("tone", paintInTurn);

// --- news from the other parts ---------------------------------------------------------------------------------

lens.subscribe("network", (value) => {
  network = value;
  fillBesides();
  begin();
});
lens.subscribe("wanted", (wanted) => explain(wanted.finding));
lens.subscribe("radiograph", (value) => {
  radiograph = value;
  if (lens.sight.changed) lens.sight.reset();
  for (const panel of panels.values()) panel.setRadiograph(value);
  begin();
});
lens.subscribe("scores", (value) => {
  scores = value;
  if (!value.findings) {
    if (running) stop();
    for (const panel of panels.values()) panel.rest();
  }
  begin();
});

// Once radiograph, scores and network are there, in whichever order they came: the first comparison.
let begun = "", explained = " ";

function begin() {
  if (ready() && begun !== `${radiograph.token} ${network.model}`) {
    begun = `${radiograph.token} ${network.model}`;
    // the finding that is being looked at stays when another network scores it too
    const kept = begun.startsWith(explained) && scored(finding);
    if (!kept) finding = scored(asked.get("finding")) ? asked.get("finding") : scores.chosen;
    if (explained === " " && scored(asked.get("second")) && asked.get("second") !== finding) standBeside(asFinding(asked.get("second")));
    explained = radiograph.token;
    fillFindings();
    explain(finding);
  }
  refresh();
}

fillColours();
refresh();
watch("value", () => { if (props.value) take(props.value); });
