// The bar of view tools: zoom, contrast, inverted greys, maps hidden. All of it happens in the browser.
import {create} from "../../scripts/dom.js";

const percent = (share) => `${Math.round(100 * share)} %`;

export function viewTools(page, bar, row, hint) {
  const {sight} = page;
  const shown = create("output", {class: "zoomed", "aria-label": "Magnification"});
  const farther = create("button", {type: "button", "aria-label": "Zoom out", onclick: () => sight.zoomBy(1 / 1.5)}, "−");
  const nearer = create("button", {type: "button", "aria-label": "Zoom in", onclick: () => sight.zoomBy(1.5)}, "+");
  const invert = create("button", {type: "button", onclick: () => sight.paint({invert: !sight.tone.invert})}, "Invert");
  const reset = create("button", {type: "button", onclick: () => sight.reset()}, "Reset");
  const {button, tell} = contrast(page, row, hint);
  bar.append(create("span", {class: "segments"}, farther, shown, nearer), button, invert, hiding(page), reset);
  const refresh = () => {
    shown.textContent = percent(sight.zoom);
    farther.disabled = sight.zoom <= 1;
    nearer.disabled = sight.zoom >= 8;
    invert.setAttribute("aria-pressed", String(sight.tone.invert));
    reset.disabled = !sight.changed;
    tell();
  };
  for (const channel of ["sight", "tone"]) page.subscribe(channel, refresh);
  refresh();
}

// Pressed shortly it stays, pressed for longer it lasts as long.
function hiding(page) {
  const {sight} = page;
  const button = create("button", {type: "button", title: "Press shortly to hide the maps, or hold"}, "Hide maps");
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    sight.press();
  });
  for (const kind of ["pointerup", "pointercancel"]) button.addEventListener(kind, () => sight.release());
  // a click without a pointer: by keyboard, or by a program that speaks for the visitor
  button.addEventListener("click", (event) => { if (event.detail === 0) sight.paint({maps: !sight.tone.maps}); });
  page.subscribe("tone", ({maps}) => button.setAttribute("aria-pressed", String(!maps)));
  button.setAttribute("aria-pressed", "false");
  return button;
}

// A button, and the two sliders that it shows in the place of the bar's hint.
function contrast({sight}, row, hint) {
  const slider = (name, least, title, said) => {
    const input = create("input", {type: "range", min: least, max: 100, step: 1, "data-tone": name});
    const value = create("output");
    input.addEventListener("input", () => sight.paint({[name]: Number(input.value) / 100}));
    row.append(create("label", {class: "field", title: said}, create("span", {}, title), input, value));
    return () => { input.value = String(Math.round(100 * sight.tone[name])); value.textContent = percent(sight.tone[name]); };
  };
  const tells = [
    slider("window", 5, "Window", "How many of the greys are spread from black to white"),
    slider("level", 0, "Level", "The grey in the middle of the window"),
  ];
  row.append(create("p", {class: "quiet"}, "Of the picture's greys. A report keeps them as they are in the file."));
  const button = create("button", {type: "button", "aria-expanded": "false"}, "Contrast");
  button.addEventListener("click", () => {
    row.hidden = !row.hidden;
    hint.hidden = !row.hidden;
    button.setAttribute("aria-expanded", String(!row.hidden));
  });
  return {button, tell: () => { for (const tell of tells) tell(); }};
}
