// What stands over a map's picture: its value at the cross-hair, and the region that is marked.
import {limited, number, withUnit} from "../../scripts/numbers.js";

const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

// The map's value at the cross-hair, out of its way.
export function showValue({page, here, filled, state, picture, cells, unit}, {y, x}) {
  here.textContent = "";
  here.classList.toggle("above", page.sight.seen({y, x}).y > 0.85);
  const inside = y >= 0 && y < 1 && x >= 0 && x < 1;
  if (!inside || !filled || state !== "done" || !picture.map) return;
  const {width, height} = picture.radiograph;
  const value = picture.valueAt(Math.floor(y * height), Math.floor(x * width), cells ?? false);
  here.textContent = Number.isNaN(value) ? "not seen by the network" : withUnit(number(value), unit);
}

// Arrow keys move the cross-hair; Enter sets a corner of the region.
export function walk({page, filled, here, explainer}, event) {
  const last = page.last("point");
  if (event.key === "Enter" && page.last("marking")?.on && last?.y >= 0) {
    event.preventDefault();
    page.publish("mark", last);
    return;
  }
  const step = STEPS[event.key];
  if (!step || !filled) return;
  event.preventDefault();
  const {sight} = page, length = (event.shiftKey ? 0.1 : 0.02) / sight.zoom;
  const {y = sight.y, x = sight.x} = last ?? {};
  const point = {y: limited(y + step[0] * length, 0, 0.999), x: limited(x + step[1] * length, 0, 0.999)};
  sight.follow(point);
  page.publish("point", point);
  if (here.textContent) page.announce(`${explainer.title}: ${here.textContent}`);
}

export function showBox({page, mark}) {
  const {sight} = page, {top, left, height, width} = page.last("box") ?? {};
  mark.hidden = top === undefined;
  if (mark.hidden) return;
  const share = (value) => `${100 * value}%`, corner = sight.seen({y: top, x: left});
  Object.assign(mark.style, {
    top: share(corner.y), left: share(corner.x), height: share(height * sight.zoom), width: share(width * sight.zoom),
  });
}

// What a map shows, for those who can't see it.
export function mapInWords({page, explainer: {title}, finding, state, picture, unit}, look, empty) {
  const name = page.settings.findings[finding]?.title ?? "";
  if (state === "running") return `${title} of ${name}, not finished yet.`;
  if (empty) return `${title} of ${name}: ${empty}`;
  const {minimum, maximum} = picture.map.extremes;
  const value = withUnit(number(maximum > 0 ? maximum : minimum), unit);
  const synthetic = picture.radiograph.synthetic ? "synthetic " : "";
  return `${title} of ${name} on the ${synthetic}radiograph, ${look.view} view. `
    + `What ${maximum > 0 ? "raises" : "lowers"} the score most, ${value}, lies in ${picture.strongestPlace()}.`;
}
