// Hands and keys on a picture: wheel, drag, pinch, tap. They tell where they point through the channel "point".
import {WHOLE} from "./sight.js";

const WHEEL_PX = 400, SLIP_PX = 6;

function keysOf(page) {
  const {sight} = page;
  const nearer = () => sight.zoomBy(1.5, page.last("point")?.y >= 0 ? page.last("point") : sight);
  return {
    "+": nearer,
    "=": nearer,
    "-": () => sight.zoomBy(1 / 1.5),
    "0": () => sight.look(WHOLE),
    i: () => sight.paint({invert: !sight.tone.invert}),
  };
}

// Wheel, drag, pinch, tap and keys on a frame whose `stage` is the picture. Tells where they point through "point".
export function handle(page, frame, stage, isFilled) {
  const {sight} = page, keys = keysOf(page);
  const fingers = new Map();
  let moved = 0;

  const place = ({clientY, clientX}) => {
    const box = stage.getBoundingClientRect();
    return {y: (clientY - box.top) / box.height, x: (clientX - box.left) / box.width};
  };
  const middle = () => {
    const all = [...fingers.values()], mean = (key) => all.reduce((sum, each) => sum + each[key], 0) / all.length;
    const clientY = mean("clientY"), clientX = mean("clientX");
    return {clientY, clientX, spread: all.reduce((sum, each) => sum + Math.hypot(each.clientY - clientY, each.clientX - clientX), 0)};
  };

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
    frame.addEventListener(kind, (event) => { if (event.touches.length > 1 && event.cancelable) event.preventDefault(); }, {passive: false});
  }

  frame.addEventListener("pointerdown", (event) => {
    if (!isFilled() || event.button !== 0) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, {clientY: event.clientY, clientX: event.clientX});
  });

  frame.addEventListener("pointermove", (event) => {
    if (!isFilled()) return;
    if (fingers.has(event.pointerId)) drag(event);
    if (event.pointerType !== "touch") page.publish("point", place(event));
  });

  function drag({pointerId, clientY, clientX}) {
    const before = middle();
    fingers.set(pointerId, {clientY, clientX});
    const after = middle();
    moved += Math.hypot(after.clientY - before.clientY, after.clientX - before.clientX) + Math.abs(after.spread - before.spread);
    if (moved < SLIP_PX) return;
    if (!frame.hasPointerCapture(pointerId)) frame.setPointerCapture(pointerId);
    if (fingers.size > 1 && before.spread > 0) sight.zoomBy(after.spread / before.spread, place(after));
    const box = frame.getBoundingClientRect();
    if (sight.zoom > 1) sight.pan((before.clientY - after.clientY) / box.height, (before.clientX - after.clientX) / box.width);
  }

  for (const kind of ["pointerup", "pointercancel"]) {
    frame.addEventListener(kind, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      if (kind === "pointerup" && event.pointerType === "touch" && !fingers.size && moved < SLIP_PX) page.publish("point", place(event));
    });
  }

  // what a finger pointed at stays; a mouse takes it along
  frame.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") page.publish("point", {}); });
  frame.addEventListener("blur", () => { sight.release(); page.publish("point", {}); });

  // the end of a drag is no click
  frame.addEventListener("click", (event) => { if (moved >= SLIP_PX) event.stopImmediatePropagation(); }, {capture: true});

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
