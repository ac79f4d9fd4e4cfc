// What stands over and under a map's picture: its value at the cross-hair, the region that is marked, and its scale.
import {create} from "../../scripts/dom.js";
import {titleOf} from "../../scripts/findings.js";
import {limited, number, percent, seconds, withUnit} from "../../scripts/numbers.js";
import {SMOOTHING_PX} from "../../scripts/smoothing.js";

const LONG_UNIT = 12;
// Hidden negative values this many times as large as the positive ones are warned of.
const MUCH_LARGER = 2;
const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

// The map's value at the cross-hair, out of its way.
export function showValue({page, here, filled, state, picture, cells, unit, text}, {y, x}) {
  here.textContent = "";
  here.classList.toggle("above", page.sight.seen({y, x}).y > 0.85);
  const inside = y >= 0 && y < 1 && x >= 0 && x < 1;
  if (!inside || !filled || state !== "done" || !picture.map) return;
  const {width, height} = picture.radiograph;
  const value = picture.valueAt(Math.floor(y * height), Math.floor(x * width), cells ?? false);
  here.textContent = Number.isNaN(value) ? text("outside") : withUnit(number(value), unit);
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

// Places an element over a box of the picture, in shares of its sides.
function placeBox(element, {top, left, height, width}) {
  const share = (value) => `${100 * value}%`;
  Object.assign(element.style, {top: share(top), left: share(left), height: share(height), width: share(width)});
}

// The regions that were covered, with the score before and after: [{kind, panel, box, label}].
export function showRanking({ranked, key}, {regions}) {
  ranked.replaceChildren(...regions.filter((each) => !each.panel || each.panel === key).map((each) => {
    const [top, left, height, width] = each.box;
    const box = create("div", {class: `region-${each.kind}`}, create("span", {}, each.label));
    placeBox(box, {top, left, height, width});
    return box;
  }));
}

export function showBox({page, mark}) {
  const box = page.last("box") ?? {};
  mark.hidden = box.top === undefined;
  if (!mark.hidden) placeBox(mark, box);
}

// What was done to the map before it was drawn, in words.
export function noteOf(text, look, {extremes, unit}, {empty, scale, contour}) {
  if (empty) return "";
  // a long unit stands below the colour bar alone
  const value = (size) => withUnit(number(size), unit.length > LONG_UNIT ? "" : unit);
  if (look.view === "percentile") {
    return text("ranks", {span: `${number(extremes.minimum)} to ${value(extremes.maximum)}`});
  }
  if (contour) return text("encloses", {area: percent(contour.area), value: value(contour.threshold)});
  const smoothed = scale.smoothed ? text("smoothed", {pixels: SMOOTHING_PX}) : "";
  const clipped = scale.clipped ? text("clipped", {value: value(scale.high)}) : "";
  const negative = look.view === "positive" && extremes.minimum < 0;
  const larger = -extremes.minimum > extremes.maximum * MUCH_LARGER;
  const hidden = negative ? text(larger ? "hidden_larger" : "hidden", {value: value(extremes.minimum)}) : "";
  return [hidden, smoothed, clipped].filter(Boolean).join(" · ");
}

// The map's cells, and what computing it cost.
export function factsOf(text, {passes: {forward, backward}, seconds: time, columns, rows, cached, warnings = []}) {
  const count = forward + backward;
  const many = text("passes", {count: count.toLocaleString("en-US")});
  const passes = count === 0 ? text("no_pass") : count === 1 ? text("pass") : many;
  const cost = cached ? text("cached", {seconds: seconds(time)}) : seconds(time);
  return [text("grid", {columns, rows}), passes, cost, ...warnings].join(" · ");
}

// What a map shows, for those who can't see it.
export function mapInWords({page, text, explainer: {title}, finding: name, state, picture, unit}, look, reason) {
  const finding = titleOf(page, name);
  if (state === "running") return text("unfinished", {title, finding});
  if (reason) return text("empty", {title, finding, reason});
  const {minimum, maximum} = picture.map.extremes;
  return text("alt", {
    title, finding, view: look.view, kind: text(picture.radiograph.synthetic ? "synthetic" : "radiograph"),
    verb: text(maximum > 0 ? "raised" : "lowered"), place: picture.strongestPlace(),
    value: withUnit(number(maximum > 0 ? maximum : minimum), unit),
  });
}
