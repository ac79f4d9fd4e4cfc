// How the maps are drawn: view, opacity, colours, scale, cells, smoothing, clipping, regions. Only
// regions ask the server.
import {create} from "../../scripts/dom.js";

// view: the one to begin with; `onChange()` is called when something changed. Returns the look.
export function createLooks({settings, text}, part, view, onChange) {
  const {suited, colourMaps, views} = settings, words = text("comparison");
  const look = {
    view: view in views ? view : "positive", opacity: 0.6, cells: false, sameScale: false, smooth: true, clip: true,
    regions: 0, verify: false,
  };
  look.colourMap = suited[look.view][0];

  function setView(name) {
    look.view = name;
    look.colourMap = suited[name].includes(look.colourMap) ? look.colourMap : suited[name][0];
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

  for (const [name, title] of Object.entries(views)) {
    const radio = create("input", {
      type: "radio", name: "lens-view", value: name, checked: name === look.view, onchange: () => setView(name),
    });
    part("views").append(create("label", {title}, radio, create("span", {}, words(name))));
  }
  const change = (name, read) => (event) => { look[name] = read(event.target); onChange(); };
  part("opacity").addEventListener("input", change("opacity", (input) => Number(input.value) / 100));
  part("colours").addEventListener("change", change("colourMap", (select) => select.value));
  part("scale").addEventListener("change", change("sameScale", (select) => select.value === "same"));
  part("regions").addEventListener("change", change("regions", (select) => Number(select.value)));
  for (const name of ["cells", "smooth", "clip", "verify"]) {
    part(name).addEventListener("change", change(name, (box) => box.checked));
  }
  fillColours();
  return look;
}

// The scale that panels share: the largest of those with the same unit.
export function sharedScales(panels, look) {
  const largest = new Map();
  for (const panel of panels) {
    const own = panel.ownScale(look);
    if (own !== null) largest.set(panel.unit, Math.max(own, largest.get(panel.unit) ?? 0));
  }
  return largest;
}
