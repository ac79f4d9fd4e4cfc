// One explanation on one canvas: keeps what is costly to compute, draws again in milliseconds.
import {bare, blend, contour, emptiness, enlarged, extremes, ownScale, rows, ticksOf} from "./shading.js";
import {asItIs} from "./sight.js";
import {clipAt, isPixelMap, smoothed} from "./smoothing.js";

const OUTLINE = "rgb(255 190 60)", HALO = "rgb(0 0 0)";
const BAR_PX = 254, BAR_GROUNDS = [40, 190];

export class Picture {
  // sight: the greys to draw in; those of the view tools, or the radiograph's own
  constructor(page, canvas, bar, sight = asItIs) {
    this.page = page;
    this.canvas = canvas;
    this.bar = bar;
    this.sight = sight;
    this.radiograph = null;
    this.forget();
  }

  forget() {
    this.map = null;
    this.kept = new Map();
  }

  // radiograph: {width, height, grey}
  setRadiograph(radiograph) {
    this.radiograph = radiograph;
    this.canvas.width = radiograph.width;
    this.canvas.height = radiograph.height;
    this.image = new ImageData(radiograph.width, radiograph.height);
    this.forget();
    this.drawGrey();
  }

  // map: {values, rows, columns, crop, unit}
  setMap(map) {
    this.kept = new Map();
    this.map = {...map, extremes: extremes(map.values)};
  }

  once(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  // The map as a look shows it: {values, extremes, smoothed}. Only maps of pixels are smoothed.
  displayed({smooth}) {
    const {values, rows: down, columns} = this.map;
    if (!smooth || !isPixelMap(this.map)) return {values, extremes: this.map.extremes, smoothed: false};
    return this.once("smoothed", () => {
      const shown = smoothed(values, down, columns);
      return {values: shown, extremes: extremes(shown), smoothed: true};
    });
  }

  // The value with full colour of this map alone: {high, clipped}.
  ownScale(look) {
    const shown = this.displayed(look), high = ownScale(shown.extremes, look.view);
    const clips = look.clip && isPixelMap(this.map) && (look.view === "positive" || look.view === "signed");
    const key = `clip ${look.view} ${shown.smoothed}`;
    const limit = clips ? this.once(key, () => clipAt(shown.values, look.view)) : null;
    return {high: limit ?? high, clipped: limit !== null};
  }

  enlarged(look) {
    const {rows: down, columns, crop} = this.map, {height, width} = this.radiograph, shown = this.displayed(look);
    return this.once(`enlarged ${look.cells} ${shown.smoothed}`,
      () => enlarged(shown.values, down, columns, height, width, crop, look.cells));
  }

  // The raw map's value at a pixel of the picture; NaN where the network did not look.
  valueAt(y, x, cells) {
    return this.enlarged({cells, smooth: false})[y * this.radiograph.width + x];
  }

  drawGrey() {
    bare(this.radiograph.grey, this.sight.curve, this.image);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  // look: {view, opacity, colourMap, cells, smooth, clip}; scale: value with full colour, null for the map's own.
  // Returns {empty, ticks, scale, contour}: why there are no colours, and what the panel says below the picture.
  draw(look, scale) {
    const {view} = look, shown = this.displayed(look), empty = emptiness(shown.extremes, view);
    this.bar.hidden = Boolean(empty) || view === "contour";
    if (empty) {
      this.drawGrey();
      this.markCrop();
      return {empty, ticks: [], scale: null, contour: null};
    }
    const own = this.ownScale(look), high = scale ?? own.high;
    const outlined = view === "contour" ? this.drawContour(look) : null;
    if (!outlined) this.drawColours(look, high);
    this.markCrop();
    const ticks = ticksOf(view, high, this.map.unit);
    return {empty: null, ticks, scale: {...own, smoothed: shown.smoothed}, contour: outlined};
  }

  drawColours(look, high) {
    const {view, cells} = look, {smoothed: smooth} = this.displayed(look);
    const key = `rows ${view} ${cells} ${smooth} ${view === "percentile" ? "" : high}`;
    const colours = this.once(key, () => rows(this.enlarged(look), view, high));
    if (this.sight.tone.maps) {
      const mixture = this.page.mixer(this.page.tables[look.colourMap], look.opacity, this.sight.curve);
      blend(this.radiograph.grey, colours, mixture, this.image);
      this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    } else this.drawGrey();
    this.drawBar(look);
  }

  drawContour(look) {
    const outlined = this.once(`contour ${look.cells} ${this.displayed(look).smoothed}`, () => {
      const found = contour(this.enlarged(look), this.page.settings.contourShare);
      return {...found, line: this.outline(found.region)};
    });
    this.drawGrey();
    const context = this.canvas.getContext("2d");
    const line = Math.max(2, Math.round(Math.max(this.canvas.width, this.canvas.height) / 320));
    context.save();
    context.lineJoin = "round";
    context.globalAlpha = look.opacity;
    for (const [colour, width] of this.sight.tone.maps ? [[HALO, 3 * line], [OUTLINE, line]] : []) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(outlined.line);
    }
    context.restore();
    return outlined;
  }

  // The border between a region and the rest, pixel edge by pixel edge.
  outline(region) {
    const {width, height} = this.radiograph, path = new Path2D();
    const inside = (y, x) => y >= 0 && x >= 0 && y < height && x < width && region[y * width + x] === 1;
    for (let y = 0; y <= height; y++) {
      for (let x = 0; x <= width; x++) {
        if (inside(y, x) !== inside(y - 1, x)) path.rect(x, y, 1, 0);
        if (inside(y, x) !== inside(y, x - 1)) path.rect(x, y, 0, 1);
      }
    }
    return path;
  }

  // Dashes along the border of what the network saw, where that is only a part.
  markCrop() {
    const [top, left, cropHeight, cropWidth] = this.map.crop, {width, height} = this.canvas;
    const context = this.canvas.getContext("2d");
    context.fillStyle = "rgb(160 160 160)";
    for (const row of [Math.round(top), Math.round(top + cropHeight) - 1]) {
      if (row <= 0 || row >= height - 1) continue;
      for (let x = 0; x < width; x += 12) context.fillRect(x, row, 6, 1);
    }
    for (const column of [Math.round(left), Math.round(left + cropWidth) - 1]) {
      if (column <= 0 || column >= width - 1) continue;
      for (let y = 0; y < height; y += 12) context.fillRect(column, y, 1, 6);
    }
  }

  // On dark above and on bright below: a colour looks different on lung and on bone.
  drawBar(look) {
    const table = this.page.tables[look.colourMap];
    const first = this.page.settings.colourMaps[look.colourMap].diverging ? 1 : 0;
    this.bar.width = BAR_PX;
    this.bar.height = BAR_GROUNDS.length;
    const grey = new Uint8Array(BAR_PX * BAR_GROUNDS.length), rows = new Uint8Array(grey.length);
    BAR_GROUNDS.forEach((ground, y) => {
      for (let x = 0; x < BAR_PX; x++) {
        grey[y * BAR_PX + x] = ground;
        rows[y * BAR_PX + x] = Math.round(first + ((255 - first) * x) / (BAR_PX - 1));
      }
    });
    const image = new ImageData(BAR_PX, BAR_GROUNDS.length);
    blend(grey, rows, this.page.mixer(table, look.opacity, this.sight.curve), image);
    this.bar.getContext("2d").putImageData(image, 0, 0);
  }

  // Where the strongest evidence lies, in words, for those who can't see the picture.
  strongestPlace() {
    const {values, rows: down, columns, crop, extremes: range} = this.map, text = this.page.text("map");
    const at = values.indexOf(range.maximum > 0 ? range.maximum : range.minimum);
    const y = (crop[0] + ((Math.floor(at / columns) + 0.5) / down) * crop[2]) / this.radiograph.height;
    const x = (crop[1] + ((at % columns) + 0.5) / columns * crop[3]) / this.radiograph.width;
    const third = (share, names) => names[Math.min(2, Math.floor(3 * share))];
    const vertical = third(y, ["upper", "middle", "lower"]), horizontal = third(x, ["left", "middle", "right"]);
    return vertical === horizontal ? text("middle") : text("third", {vertical, horizontal});
  }
}
