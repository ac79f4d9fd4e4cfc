import {create, parts} from "../../scripts/dom.js";
import {Picture} from "../../scripts/picture.js";

export function start({root, trigger, onValue, page}) {
  const {settings} = page;
  const part = parts(root);
  const chosen = new Set(page.settings.panels.measures.measures.filter((each) => each.quick).map((each) => each.name));
  const picture = new Picture(page, part("agreement-picture"), part("agreement-bar"), page.sight);
  let run = 0, running = false, comparison = null, drawn = null;

  for (const each of page.settings.panels.measures.measures) {
    const box = create("input", {
      type: "checkbox", checked: chosen.has(each.name),
      onchange: () => { if (box.checked) chosen.add(each.name); else chosen.delete(each.name); refresh(); },
    });
    part("tests").append(create("label", {class: "chip", title: each.summary}, box, create("span", {}, each.title)));
  }

  function refresh() {
    const ready = Boolean(comparison?.done.length) && !comparison.running;
    part("measure").disabled = !ready || !chosen.size;
    part("measure").hidden = running;
    part("stop").hidden = !running;
    root.querySelector(".measures").setAttribute("aria-busy", String(running));
  }

  function measure() {
    if (running) return;
    run += 1;
    running = true;
    part("error").hidden = true;
    part("now").textContent = "Testing.";
    const measures = page.settings.panels.measures.measures.map((each) => each.name).filter((name) => chosen.has(name));
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
    page.announce(said);
    refresh();
  }

  // A new comparison has other maps: what was found about the old ones goes.
  function forget() {
    if (running) end("");
    part("agreement").hidden = true;
    part("now").textContent = "";
    drawn = null;
    page.publish("measured", {panels: {}});
  }

  function take(value) {
    if (value.error) {
      end("");
      part("error").textContent = value.error.sentence;
      part("error").hidden = false;
    } else if (value.run === run) {
      page.publish("measured", {token: value.token, panels: value.panels});
      if (value.agreement) showAgreement(value.agreement, value.token);
      const busy = Object.values(value.panels).flatMap((each) => Object.entries(each)).find(([, each]) => each.state === "running");
      const name = busy && page.settings.panels.measures.measures.find((each) => each.name === busy[0])?.title;
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
    const head = create("tr", {}, create("td"), ...found.titles.map((title) => create("th", {scope: "col"}, title)));
    const rows = found.titles.map((title, row) => create("tr", {}, create("th", {scope: "row"}, title),
      ...found.titles.map((_, column) => create("td", {}, column === row ? "" : `${found.spearman[row][column].toFixed(2).replace("-", "−")} (${Math.round(100 * found.iou_top_tenth[row][column])} %)`))));
    part("matrix").replaceChildren(create("table", {}, create("thead", {}, head), create("tbody", {}, ...rows)));
    part("agreement-legend").textContent = `Share of ${found.counted} explainers that count a place to their hottest tenth; controls left out, relatives counted once.`;
    drawAgreement(found, token);
  }

  async function drawAgreement(found, token) {
    const radiograph = page.last("radiograph");
    if (!radiograph?.picture && !radiograph) return;
    const values = await page.maps.get(token, found.map);
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

  page.subscribe("tone", paint);
  page.subscribe("sight", () => page.sight.place(part("agreement-picture")));
  part("measure").addEventListener("click", () => measure());
  part("stop").addEventListener("click", () => stop());
  page.subscribe("comparison", (value) => {
    if (value.running || value.token !== comparison?.token || value.done.join() !== comparison?.done.join()) {
      if (comparison) forget();
    }
    comparison = value;
    refresh();
  });
  page.subscribe("explained", () => forget());
  refresh();
  onValue(take);
}
