// Hands and keys on a picture: wheel, drag, pinch, tap. Channels: "point" is the place that is pointed at, "drawn-box"
// a box while it is drawn, "region" a box that was drawn.
import {limited} from "./numbers.js";
import {WHOLE} from "./sight.js";

const WHEEL_PX = 400, SLIP_PX = 6, STEP = 1.5, CLOSER = 2.5;
// Of window and level, a drag across this many pixels runs through all greys.
const TONE_PX = 300;
const PRIMARY = 0, MIDDLE = 1, SECONDARY = 2;

function keysOf(page) {
  const {sight} = page;
  const closer = () => sight.zoomBy(STEP, page.last("point")?.y >= 0 ? page.last("point") : sight);
  return {
    "+": closer,
    "=": closer,
    "-": () => sight.zoomBy(1 / STEP),
    "0": () => sight.look(WHOLE),
    i: () => sight.paint({invert: !sight.tone.invert}),
  };
}

// The box between two places, inside the picture.
export function boxBetween(one, other) {
  const [top, bottom] = [one.y, other.y].map((each) => limited(each, 0, 1)).sort((a, b) => a - b);
  const [left, right] = [one.x, other.x].map((each) => limited(each, 0, 1)).sort((a, b) => a - b);
  return {top, left, height: bottom - top, width: right - left};
}

// Middle of some pointers, and how far apart they are.
export function middleOf(pointers) {
  const mean = (key) => pointers.reduce((sum, each) => sum + each[key], 0) / pointers.length;
  const clientY = mean("clientY"), clientX = mean("clientX");
  const spread = pointers.reduce((sum, each) => sum + Math.hypot(each.clientY - clientY, each.clientX - clientX), 0);
  return {clientY, clientX, spread};
}

// Handles a frame whose `stage` is the picture.
export function handle(page, frame, stage, isFilled) {
  const {sight} = page;
  const place = ({clientY, clientX}) => {
    const box = stage.getBoundingClientRect();
    return {y: (clientY - box.top) / box.height, x: (clientX - box.left) / box.width};
  };
  handleWheel(page, frame, place, isFilled);
  handlePointers(page, frame, place, isFilled);
  handleKeys(page, frame, isFilled);
  frame.addEventListener("dblclick", (event) => {
    if (isFilled()) sight.zoom > 1 ? sight.look(WHOLE) : sight.zoomBy(CLOSER, place(event));
  });
  // the right button changes window and level
  frame.addEventListener("contextmenu", (event) => { if (isFilled()) event.preventDefault(); });
}

function handleWheel({sight}, frame, place, isFilled) {
  frame.addEventListener("wheel", (event) => {
    // the wheel alone scrolls the page, unless this picture was clicked; a pinch on a trackpad comes with Ctrl
    const meant = event.ctrlKey || event.metaKey || document.activeElement === frame;
    const factor = Math.exp(-event.deltaY * (event.deltaMode === 0 ? 1 : 16) / WHEEL_PX);
    if (!isFilled() || !meant || (factor < 1 && sight.zoom === 1 && !event.ctrlKey)) return;
    event.preventDefault();
    sight.zoomBy(factor, place(event));
  }, {passive: false});
  // two fingers are ours, else the browser would scroll or enlarge the page
  for (const kind of ["touchstart", "touchmove"]) {
    frame.addEventListener(kind, (event) => {
      if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    }, {passive: false});
  }
}

function handlePointers(page, frame, place, isFilled) {
  const {sight} = page, pointers = new Map();
  let moved = 0, began = null, button = PRIMARY;

  frame.addEventListener("pointerdown", (event) => {
    if (!isFilled()) return;
    if (!pointers.size) {
      moved = 0;
      began = place(event);
      // with Shift, as with the middle button, a drag moves an enlarged picture
      button = event.shiftKey && event.button === PRIMARY ? MIDDLE : event.button;
    }
    pointers.set(event.pointerId, {clientY: event.clientY, clientX: event.clientX});
  });

  frame.addEventListener("pointermove", (event) => {
    if (!isFilled()) return;
    if (pointers.has(event.pointerId)) drag(event);
    if (event.pointerType !== "touch") page.publish("point", place(event));
  });

  function drag(event) {
    const {pointerId, clientY, clientX} = event, before = middleOf([...pointers.values()]);
    pointers.set(pointerId, {clientY, clientX});
    const after = middleOf([...pointers.values()]), down = after.clientY - before.clientY;
    const across = after.clientX - before.clientX;
    moved += Math.hypot(down, across) + Math.abs(after.spread - before.spread);
    if (moved < SLIP_PX) return;
    if (!frame.hasPointerCapture(pointerId)) frame.setPointerCapture(pointerId);
    if (pointers.size > 1 && before.spread > 0) sight.zoomBy(after.spread / before.spread, place(after));
    const touches = event.pointerType === "touch";
    if (button === SECONDARY) changeTone(sight, down, across);
    else if (touches || button === MIDDLE) pan(down, across);
    else page.publish("drawn-box", boxBetween(began, place(event)));
  }

  function pan(down, across) {
    const box = frame.getBoundingClientRect();
    if (sight.zoom > 1) sight.pan(-down / box.height, -across / box.width);
  }

  for (const kind of ["pointerup", "pointercancel"]) {
    frame.addEventListener(kind, (event) => {
      if (!pointers.delete(event.pointerId) || pointers.size) return;
      const touches = event.pointerType === "touch";
      if (kind === "pointerup" && touches && moved < SLIP_PX) page.publish("point", place(event));
      if (!touches && button === PRIMARY && moved >= SLIP_PX) {
        page.publish("region", kind === "pointerup" ? boxBetween(began, place(event)) : null);
      }
    });
  }

  // what a finger pointed at stays; a mouse takes it along
  frame.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") page.publish("point", {});
  });
  frame.addEventListener("blur", () => { sight.release(); page.publish("point", {}); });
  // the end of a drag is no click
  frame.addEventListener("click", (event) => {
    if (moved >= SLIP_PX) event.stopImmediatePropagation();
  }, {capture: true});
}

// To the right more contrast, downwards darker, as viewers do.
function changeTone(sight, down, across) {
  const {window: width, level} = sight.tone;
  sight.paint({
    window: limited(width - across / TONE_PX, 0.05, 1), level: limited(level + down / TONE_PX, 0, 1),
  });
}

function handleKeys(page, frame, isFilled) {
  const {sight} = page, keys = keysOf(page);
  frame.addEventListener("keydown", (event) => {
    if (!isFilled() || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "h" && !keys[key]) return;
    event.preventDefault();
    if (key === "h") sight.press();
    else keys[key]();
  });
  frame.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "h") sight.release(); });
}
