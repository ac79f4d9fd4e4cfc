// Which part is looked at, and in which greys: one state for the radiograph and all panels, so that they move in step.
(() => {
  const lens = window.cxrLens;
  const MOST = 8, WHEEL_PX = 400, SLIP_PX = 6;
  const WHOLE = {zoom: 1, y: 0.5, x: 0.5};
  // window: share of all greys that is spread from black to white; level: the grey in its middle
  const PLAIN = {window: 1, level: 0.5, invert: false, maps: true};

  function limited(value, low, high) {
    return Math.min(high, Math.max(low, value));
  }

  // What a grey of the file is shown as.
  function curveOf({window, level, invert}) {
    return Uint8Array.from({length: 256}, (_, grey) => {
      const share = limited((grey / 255 - level) / window + 0.5, 0, 1);
      return Math.round(255 * (invert ? 1 - share : share));
    });
  }

  const sight = {
    ...WHOLE, tone: PLAIN, curve: curveOf(PLAIN),

    // Corner of what is seen, in shares of the picture.
    get top() { return sight.y - 0.5 / sight.zoom; },
    get left() { return sight.x - 0.5 / sight.zoom; },

    look({zoom = sight.zoom, y = sight.y, x = sight.x}) {
      sight.zoom = limited(zoom, 1, MOST);
      const half = 0.5 / sight.zoom;
      sight.y = limited(y, half, 1 - half);
      sight.x = limited(x, half, 1 - half);
      // a finger that moves an enlarged picture must not scroll the page
      document.documentElement.classList.toggle("zoomed-in", sight.zoom > 1);
      lens.publish("sight", sight);
    },

    // Nearer or farther, while one place of the picture stays where it is on the screen.
    zoomBy(factor, at = sight) {
      const zoom = limited(sight.zoom * factor, 1, MOST), kept = sight.zoom / zoom;
      sight.look({zoom, y: at.y + (sight.y - at.y) * kept, x: at.x + (sight.x - at.x) * kept});
    },

    // Moves by shares of what is seen.
    pan(down, across) {
      sight.look({y: sight.y + down / sight.zoom, x: sight.x + across / sight.zoom});
    },

    // Moves as little as it takes to see a place.
    follow({y, x}) {
      const half = 0.45 / sight.zoom;
      sight.look({y: limited(sight.y, y - half, y + half), x: limited(sight.x, x - half, x + half)});
    },

    paint(change) {
      sight.tone = {...sight.tone, ...change};
      sight.curve = curveOf(sight.tone);
      lens.publish("tone", sight.tone);
    },

    reset() {
      sight.look(WHOLE);
      sight.paint(PLAIN);
    },

    // Whether anything is other than at first.
    get changed() {
      return sight.zoom > 1 || Object.keys(PLAIN).some((name) => sight.tone[name] !== PLAIN[name]);
    },

    // From shares of the picture to shares of what is seen.
    seen({y, x}) {
      return {y: (y - sight.top) * sight.zoom, x: (x - sight.left) * sight.zoom};
    },

    // Shows the part that is looked at, on an element as large as its frame.
    place(stage) {
      stage.style.transform = sight.zoom === 1
        ? "" : `scale(${sight.zoom}) translate(${-100 * sight.left}%, ${-100 * sight.top}%)`;
    },
  };
  lens.sight = sight;
  lens.asItIs = {tone: PLAIN, curve: curveOf(PLAIN)};

  // --- hands and keys --------------------------------------------------------------------------------------------

  const KEYS = {
    "+": () => sight.zoomBy(1.5, lens.last("point")?.y >= 0 ? lens.last("point") : sight),
    "=": () => KEYS["+"](),
    "-": () => sight.zoomBy(1 / 1.5),
    "0": () => sight.look(WHOLE),
    i: () => sight.paint({invert: !sight.tone.invert}),
  };

  // Hides the maps while something is pressed; a short press leaves them as they are then.
  const HELD_MS = 350;
  let pressed = null;
  sight.press = () => {
    if (pressed !== null) return;
    pressed = {at: performance.now(), maps: sight.tone.maps};
    sight.paint({maps: !pressed.maps});
  };
  sight.release = () => {
    if (pressed === null) return;
    if (performance.now() - pressed.at > HELD_MS) sight.paint({maps: pressed.maps});
    pressed = null;
  };

  // Wheel, drag, pinch, tap and keys on a frame whose `stage` is the picture. Tells where they point through "point".
  lens.handle = (frame, stage, isFilled) => {
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
      if (event.pointerType !== "touch") lens.publish("point", place(event));
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
        if (kind === "pointerup" && event.pointerType === "touch" && !fingers.size && moved < SLIP_PX) lens.publish("point", place(event));
      });
    }

    // what a finger pointed at stays; a mouse takes it along
    frame.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") lens.publish("point", {}); });
    frame.addEventListener("blur", () => { sight.release(); lens.publish("point", {}); });

    // the end of a drag is no click
    frame.addEventListener("click", (event) => { if (moved >= SLIP_PX) event.stopImmediatePropagation(); }, {capture: true});

    frame.addEventListener("keydown", (event) => {
      if (!isFilled() || event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key !== "h" && !KEYS[key]) return;
      event.preventDefault();
      if (key === "h") sight.press();
      else KEYS[key]();
    });
    frame.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "h") sight.release(); });
  };

  // Two lines that cross at the place that is pointed at. Returns the element and what ends it.
  lens.crosshair = (isFilled) => {
    const hair = lens.element("div", {class: "hair", hidden: true, "aria-hidden": "true"}, lens.element("i"), lens.element("i"));
    const draw = () => {
      const point = lens.last("point") ?? {}, {y, x} = sight.seen(point);
      const [across, down] = hair.children;
      hair.hidden = !(point.y >= 0 && point.y < 1 && point.x >= 0 && point.x < 1) || !isFilled();
      across.style.top = `${100 * y}%`;
      down.style.left = `${100 * x}%`;
    };
    const ends = ["point", "sight"].map((channel) => lens.subscribe(channel, draw));
    return {hair, end: () => ends.forEach((end) => end())};
  };
})();
