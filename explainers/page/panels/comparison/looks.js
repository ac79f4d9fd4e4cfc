// How the maps are drawn: view, opacity, colours, scale, cells. Nothing of it asks the server.
import {create} from "../../scripts/dom.js";

const VIEW_NAMES = {positive: "Positive", signed: "Signed", percentile: "Percentile", contour: "Contour"};

// `onChange()` is called when something changed. Returns the look, which the controls change.
export function createLooks({settings}, part, onChange) {
  const {suited, colourMaps, views} = settings;
  const look = {view: "positive", opacity: 0.6, colourMap: suited.positive[0], cells: false, sameScale: false};

  function setView(view) {
    look.view = view;
    look.colourMap = suited[view].includes(look.colourMap) ? look.colourMap : suited[view][0];
    fillColours();
    onChange();
  }

  function fillColours() {
    const select = part("colours");
    select.replaceChildren(...suited[look.view].map((name) => create("option", {value: name}, colourMaps[name].title)));
    select.value = look.colourMap;
    select.disabled = look.view === "contour" || (look.view === "percentile" && suited[look.view].length < 2);
    part("scale").disabled = look.view === "contour" || look.view === "percentile";
  }

  for (const [view, title] of Object.entries(views)) {
    const radio = create("input", {
      type: "radio", name: "lens-view", value: view, checked: view === look.view, onchange: () => setView(view),
    });
    part("views").append(create("label", {title}, radio, create("span", {}, VIEW_NAMES[view] ?? view)));
  }
  const change = (name, read) => (event) => { look[name] = read(event.target); onChange(); };
  part("opacity").addEventListener("input", (event) => {
    look.opacity = Number(event.target.value) / 100;
    part("opacity-value").textContent = `${event.target.value} %`;
    onChange();
  });
  part("colours").addEventListener("change", change("colourMap", (select) => select.value));
  part("scale").addEventListener("change", change("sameScale", (select) => select.value === "same"));
  part("cells").addEventListener("change", change("cells", (box) => box.checked));
  fillColours();
  return look;
}

// The scale that panels share: the largest of those with the same unit.
export function sharedScales(panels, view) {
  const largest = new Map();
  for (const panel of panels) {
    const own = panel.ownScale(view);
    if (own !== null) largest.set(panel.unit, Math.max(own, largest.get(panel.unit) ?? 0));
  }
  return largest;
}
