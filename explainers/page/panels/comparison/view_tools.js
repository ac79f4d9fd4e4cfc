// View tools: zoom, contrast, inverted greys, maps hidden. All of it happens in the browser.
import {create} from "../../scripts/dom.js";
import {MOST_ZOOM} from "../../scripts/sight.js";

const STEP = 1.5;
const percent = (share) => `${Math.round(100 * share)} %`;

export function viewTools(page, bar) {
  const {sight} = page, words = page.text("comparison");
  const button = (title, onclick, label = null) => create(
    "button", {type: "button", "aria-label": label, onclick}, title);
  const magnification = create("output", {class: "zoomed", "aria-label": words("magnification")});
  const farther = button("−", () => sight.zoomBy(1 / STEP), words("zoom_out"));
  const closer = button("+", () => sight.zoomBy(STEP), words("zoom_in"));
  const invert = button(words("invert"), () => sight.paint({invert: !sight.tone.invert}));
  const reset = button(words("reset"), () => sight.reset());
  const sliders = [slider(page, "window", 5), slider(page, "level", 0)];
  bar.append(
    create("span", {class: "segments"}, farther, magnification, closer), invert, hiding(page), reset,
    ...sliders.map((each) => each.label));
  const refresh = () => {
    magnification.textContent = percent(sight.zoom);
    farther.disabled = sight.zoom <= 1;
    closer.disabled = sight.zoom >= MOST_ZOOM;
    invert.setAttribute("aria-pressed", String(sight.tone.invert));
    reset.disabled = !sight.changed;
    for (const each of sliders) each.refresh();
  };
  for (const channel of ["sight", "tone"]) page.subscribe(channel, refresh);
  refresh();
}

// Pressed shortly it stays, pressed for longer it lasts as long.
function hiding(page) {
  const {sight} = page, words = page.text("comparison");
  const button = create("button", {type: "button", title: words("hide_help"), "aria-pressed": "false"}, words("hide"));
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    sight.press();
  });
  for (const kind of ["pointerup", "pointercancel"]) button.addEventListener(kind, () => sight.release());
  // a click without a pointer: by keyboard, or by a program that speaks for the visitor
  button.addEventListener("click", (event) => { if (event.detail === 0) sight.paint({maps: !sight.tone.maps}); });
  page.subscribe("tone", ({maps}) => button.setAttribute("aria-pressed", String(!maps)));
  return button;
}

function slider({sight, text}, name, least) {
  const words = text("comparison");
  const input = create("input", {type: "range", min: least, max: 100, step: 1, "data-tone": name});
  const value = create("output");
  input.addEventListener("input", () => sight.paint({[name]: Number(input.value) / 100}));
  const label = create("label", {class: "field", title: words(`${name}_help`)},
    create("span", {}, words(name)), input, value);
  const refresh = () => {
    input.value = String(Math.round(100 * sight.tone[name]));
    value.textContent = percent(sight.tone[name]);
  };
  return {label, refresh};
}
