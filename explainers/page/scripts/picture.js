// One explanation on one canvas: keeps what is costly to compute, draws again in milliseconds.
import {bare, blend, contour, emptiness, enlarged, extremes, legend, ownScale, rows} from "./shading.js";
import {asItIs} from "./sight.js";

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

  // map: {values, rows, columns, crop, unit, findingTitle}
  setMap(map) {
    this.kept = new Map();
    this.map = {...map, extremes: extremes(map.values)};
  }

  once(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  enlarged(cells) {
    const {values, rows, columns, crop} = this.map, {height, width} = this.radiograph;
    return this.once(`enlarged ${cells}`, () => enlarged(values, rows, columns, height, width, crop, cells));
  }

  // The map's value at a pixel of the picture; NaN where the network did not look.
  valueAt(y, x, cells) {
    return this.enlarged(cells)[y * this.radiograph.width + x];
  }

  drawGrey() {
    bare(this.radiograph.grey, this.sight.curve, this.image);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  // look: {view, opacity, colourMap, cells}; scale: value with full colour, or null for the map's own.
  // Returns {empty, ticks, note}: what the panel says below the picture.
  draw(look, scale) {
    const {view, cells} = look, {extremes, unit, findingTitle} = this.map;
    const empty = emptiness(extremes, view, findingTitle);
    this.bar.hidden = Boolean(empty) || view === "contour";
    if (empty) {
      this.drawGrey();
      this.markCrop();
      return {empty, ticks: [], note: ""};
    }
    const high = scale ?? ownScale(extremes, view);
    if (view === "contour") return this.drawContour(look, high);
    const key = `rows ${view} ${cells} ${view === "percentile" ? "" : high}`;
    const colours = this.once(key, () => rows(this.enlarged(cells), view, high));
    if (this.sight.tone.maps) {
      const mixture = this.page.mixer(this.page.tables[look.colourMap], look.opacity, this.sight.curve);
      blend(this.radiograph.grey, colours, mixture, this.image);
      this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    } else this.drawGrey();
    this.markCrop();
    this.drawBar(look);
    return {empty: null, ...legend(view, high, extremes, unit)};
  }

  drawContour(look, high) {
    const enclosed = this.once(`contour ${look.cells}`, () => {
      const found = contour(this.enlarged(look.cells), this.page.settings.contourShare);
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
      context.stroke(enclosed.line);
    }
    context.restore();
    this.markCrop();
    return {empty: null, ...legend("contour", high, this.map.extremes, this.map.unit, enclosed)};
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
      if (row > 0 && row < height - 1) for (let x = 0; x < width; x += 12) context.fillRect(x, row, 6, 1);
    }
    for (const column of [Math.round(left), Math.round(left + cropWidth) - 1]) {
      if (column > 0 && column < width - 1) for (let y = 0; y < height; y += 12) context.fillRect(column, y, 1, 6);
    }
  }

  // On dark above and on bright below: a colour looks different on lung and on bone.
  drawBar(look) {
    const table = this.page.tables[look.colourMap], first = this.page.settings.colourMaps[look.colourMap].diverging ? 1 : 0;
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
    const {values, rows, columns, crop, extremes} = this.map;
    const target = extremes.maximum > 0 ? extremes.maximum : extremes.minimum;
    const at = values.indexOf(target);
    const y = (crop[0] + ((Math.floor(at / columns) + 0.5) / rows) * crop[2]) / this.radiograph.height;
    const x = (crop[1] + ((at % columns) + 0.5) / columns * crop[3]) / this.radiograph.width;
    const third = (share, names) => names[Math.min(2, Math.floor(3 * share))];
    const vertical = third(y, ["upper", "middle", "lower"]), horizontal = third(x, ["left", "middle", "right"]);
    return vertical === horizontal ? "the middle of the picture" : `the ${vertical} ${horizontal} of the picture`;
  }
}
