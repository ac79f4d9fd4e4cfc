import {create} from "./dom.js";

// Two lines that cross at the place that is pointed at. Returns the element and what ends it.
export function crosshair(page, isFilled) {
  const hair = create("div", {class: "hair", hidden: true, "aria-hidden": "true"}, create("i"), create("i"));
  const draw = () => {
    const point = page.last("point") ?? {}, {y, x} = page.sight.seen(point);
    const [across, down] = hair.children;
    hair.hidden = !(point.y >= 0 && point.y < 1 && point.x >= 0 && point.x < 1) || !isFilled();
    across.style.top = `${100 * y}%`;
    down.style.left = `${100 * x}%`;
  };
  const ends = ["point", "sight"].map((channel) => page.subscribe(channel, draw));
  return {hair, end: () => ends.forEach((end) => end())};
}
