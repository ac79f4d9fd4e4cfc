// Which part is looked at, and in which greys: one state for the radiograph and all panels, so that they move in step.
import {limited} from "./numbers.js";

export const MOST_ZOOM = 8;
export const WHOLE = {zoom: 1, y: 0.5, x: 0.5};
// window: share of all greys that is spread from black to white; level: the grey in its middle
const PLAIN = {window: 1, level: 0.5, invert: false, maps: true};

// What a grey of the file is shown as.
export function curveOf({window, level, invert}) {
  return Uint8Array.from({length: 256}, (_, grey) => {
    const share = limited((grey / 255 - level) / window + 0.5, 0, 1);
    return Math.round(255 * (invert ? 1 - share : share));
  });
}
const HELD_MS = 350;

// The greys of the file, and the maps over them.
export const asItIs = {tone: PLAIN, curve: curveOf(PLAIN)};

export function createSight(publish) {
  const sight = {
    ...WHOLE, tone: PLAIN, curve: curveOf(PLAIN),

    // Corner of what is seen, in shares of the picture.
    get top() { return sight.y - 0.5 / sight.zoom; },
    get left() { return sight.x - 0.5 / sight.zoom; },

    look({zoom = sight.zoom, y = sight.y, x = sight.x}) {
      sight.zoom = limited(zoom, 1, MOST_ZOOM);
      const half = 0.5 / sight.zoom;
      sight.y = limited(y, half, 1 - half);
      sight.x = limited(x, half, 1 - half);
      // a finger that moves an enlarged picture must not scroll the page
      document.documentElement.classList.toggle("zoomed-in", sight.zoom > 1);
      publish("sight", sight);
    },

    // Nearer or farther, while one place of the picture stays where it is on the screen.
    zoomBy(factor, at = sight) {
      const zoom = limited(sight.zoom * factor, 1, MOST_ZOOM), kept = sight.zoom / zoom;
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
      publish("tone", sight.tone);
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

  // Hides the maps while something is pressed; a short press leaves them as they are then.
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
  return sight;
}
