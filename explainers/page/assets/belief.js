const lens = window.cxrLens;
const {settings} = lens;
const part = (name) => element.querySelector(`[data-${name}]`);
const chosen = new Set(settings.measures.filter((each) => each.atFirst).map((each) => each.name));
const picture = new lens.Picture(part("agreement-picture"), part("agreement-bar"), lens.sight);
let run = 0, running = false, comparison = null, drawn = null;

for (const each of settings.measures) {
  const box = lens.element("input", {
    type: "checkbox", checked: chosen.has(each.name),
    onchange: () => { if (box.checked) chosen.add(each.name); else chosen.delete(each.name); refresh(); },
  });
  part("tests").append(lens.element("label", {class: "chip", title: each.summary}, box, lens.element("span", {}, each.title)));
}

function refresh() {
  const ready = Boolean(comparison?.done.length) && !comparison.running;
  part("measure").disabled = !ready || !chosen.size;
  part("measure").hidden = running;
  part("stop").hidden = !running;
  element.querySelector(".belief").setAttribute("aria-busy", String(running));
}

function measure() {
  if (running) return;
  run += 1;
  running = true;
  part("error").hidden = true;
  part("now").textContent = "Testing.";
  const measures = settings.measures.map((each) => each.name).filter((name) => chosen.has(name));
  trigger("measure", {run, measures, panels: comparison.done});
  refresh();
}

function stop() {
  if (!running) return;
  trigger("cancel", {run});
  end("Stopped.");
}

function end(said) {
  run += 1;
  running = false;
  part("now").textContent = said;
  lens.announce(said);
  refresh();
}

// A new comparison has other maps: what was found about the old ones goes.
function forget() {
  if (running) end("");
  part("agreement").hidden = true;
  part("now").textContent = "";
  drawn = null;
  lens.publish("measured", {panels: {}});
}

function take(value) {
  if (value.error) {
    end("");
    part("error").textContent = value.error.sentence;
    part("error").hidden = false;
  } else if (value.run === run) {
    lens.publish("measured", {token: value.token, panels: value.panels});
    if (value.agreement) showAgreement(value.agreement, value.token);
    const busy = Object.values(value.panels).flatMap((each) => Object.entries(each)).find(([, each]) => each.state === "running");
    const name = busy && settings.measures.find((each) => each.name === busy[0])?.title;
    if (value.done) end("Tested. The results stand under each map.");
    else part("now").textContent = busy ? [`${name}`, busy[1].text].filter(Boolean).join(": ") : "Testing.";
  }
}

function showAgreement(found, token) {
  if (drawn === found.map) return;
  drawn = found.map;
  part("agreement").hidden = false;
  const pairs = found.same_by_algebra.map(([one, other]) => `${found.titles[found.explainers.indexOf(one)]} and ${found.titles[found.explainers.indexOf(other)]}`);
  part("agreement-said").textContent = [
    "Rank correlation of two maps, and in brackets how far their hottest tenths overlap. Agreement is no proof: methods of one family err together.",
    pairs.length ? `${pairs.join("; ")}: the same by algebra, not independent.` : "",
  ].filter(Boolean).join(" ");
  const head = lens.element("tr", {}, lens.element("td"), ...found.titles.map((title) => lens.element("th", {scope: "col"}, title)));
  const rows = found.titles.map((title, row) => lens.element("tr", {}, lens.element("th", {scope: "row"}, title),
    ...found.titles.map((_, column) => lens.element("td", {}, column === row ? "" : `${found.spearman[row][column].toFixed(2).replace("-", "−")} (${Math.round(100 * found.iou_top_tenth[row][column])} %)`))));
  part("matrix").replaceChildren(lens.element("table", {}, lens.element("thead", {}, head), lens.element("tbody", {}, ...rows)));
  part("agreement-legend").textContent = `Share of ${found.counted} explainers that count a place to their hottest tenth; controls left out, relatives counted once.`;
  drawAgreement(found, token);
}

async function drawAgreement(found, token) {
  const radiograph = lens.last("radiograph");
  if (!radiograph?.picture && !radiograph) return;
  const values = await lens.map(token, found.map);
  if (drawn !== found.map) return;
  picture.setRadiograph(radiograph);
  part("agreement-picture").parentElement.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
  picture.setMap({values, rows: found.rows, columns: found.columns, crop: found.crop, unit: "of the explainers", findingTitle: ""});
  paint();
  part("agreement-picture").setAttribute("aria-label",
    `Where the explainers agree: most of all in ${picture.strongestPlace()}.`);
}

function paint() {
  if (picture.map) picture.draw({view: "positive", opacity: 0.6, colourMap: settings.suited.positive[0], cells: true, sameScale: false}, 1);
}

lens.subscribe("tone", paint);
lens.subscribe("sight", () => lens.sight.place(part("agreement-picture")));
part("measure").addEventListener("click", () => measure());
part("stop").addEventListener("click", () => stop());
lens.subscribe("comparison", (value) => {
  if (value.running || value.token !== comparison?.token || value.done.join() !== comparison?.done.join()) {
    if (comparison) forget();
  }
  comparison = value;
  refresh();
});
lens.subscribe("explained", () => forget());
refresh();
watch("value", () => { if (props.value) take(props.value); });
