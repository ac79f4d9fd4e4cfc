// From a map to colours, by the rules of explainers.pictures: the same picture here and in every export. Pure.
import {number, withUnit} from "./numbers.js";

const ZERO = 128;

// Where each pixel of a side samples the cells: fractions of the crop, clamped to the outermost centres.
function along(length, start, extent, count, flat) {
  const low = new Int32Array(length), high = new Int32Array(length);
  const share = new Float32Array(length), inside = new Uint8Array(length);
  for (let pixel = 0; pixel < length; pixel++) {
    const fraction = (pixel + 0.5 - start) / extent;
    inside[pixel] = fraction >= 0 && fraction <= 1;
    const position = flat ? Math.floor(fraction * count) : fraction * count - 0.5;
    const clamped = Math.min(Math.max(position, 0), count - 1);
    low[pixel] = Math.floor(clamped);
    high[pixel] = Math.min(low[pixel] + 1, count - 1);
    share[pixel] = flat ? 0 : clamped - low[pixel];
  }
  return {low, high, share, inside};
}

// A map on the displayed picture's pixels, bilinear or as flat cells; NaN where the network did not look.
export function enlarged(map, rows, columns, height, width, crop, flat) {
  const [top, left, cropHeight, cropWidth] = crop;
  const down = along(height, top, cropHeight, rows, flat);
  const across = along(width, left, cropWidth, columns, flat);
  const result = new Float32Array(height * width);
  const line = new Float32Array(columns);
  for (let y = 0, at = 0; y < height; y++) {
    const first = down.low[y] * columns, second = down.high[y] * columns, share = down.share[y];
    for (let x = 0; x < columns; x++) line[x] = map[first + x] * (1 - share) + map[second + x] * share;
    for (let x = 0; x < width; x++, at++) {
      const part = across.share[x];
      result[at] = down.inside[y] && across.inside[x]
        ? line[across.low[x]] * (1 - part) + line[across.high[x]] * part
        : NaN;
    }
  }
  return result;
}

export function extremes(values) {
  let minimum = Infinity, maximum = -Infinity;
  for (const value of values) {
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return {minimum, maximum};
}

// Why a view has nothing to show: "all_zero", "none_raises" or "constant"; null where it has.
export function emptiness({minimum, maximum}, view) {
  if (minimum === 0 && maximum === 0) return "all_zero";
  if ((view === "positive" || view === "contour") && maximum <= 0) return "none_raises";
  if ((view === "percentile" || view === "contour") && minimum === maximum) return "constant";
  return null;
}

// Value that gets full colour if each picture has its own scale.
export function ownScale(extremes, view) {
  return view === "signed" ? Math.max(Math.abs(extremes.minimum), Math.abs(extremes.maximum)) : extremes.maximum;
}

function finiteSorted(values) {
  const finite = values.filter((value) => !Number.isNaN(value));
  return finite.sort();
}

// Places of the finite values in ascending order, and keys that compare as the values do: a radix sort of their bits,
// three times eleven of them, since a million pixels are ranked while somebody waits.
function ascending(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let places = new Uint32Array(values.length), keys = new Uint32Array(values.length), count = 0;
  for (let at = 0; at < values.length; at++) {
    if (Number.isNaN(values[at])) continue;
    places[count] = at;
    // of a negative number all bits are turned round, of another the sign; −0 is 0
    keys[count++] = values[at] === 0 ? 0x80000000 : bits[at] ^ ((bits[at] >> 31) | 0x80000000);
  }
  places = places.subarray(0, count);
  keys = keys.subarray(0, count);
  let nextPlaces = new Uint32Array(count), nextKeys = new Uint32Array(count);
  for (let shift = 0; shift < 32; shift += 11) {
    const starts = new Uint32Array(2049);
    for (let at = 0; at < count; at++) starts[((keys[at] >>> shift) & 2047) + 1]++;
    for (let each = 0; each < 2048; each++) starts[each + 1] += starts[each];
    for (let at = 0; at < count; at++) {
      const to = starts[(keys[at] >>> shift) & 2047]++;
      nextKeys[to] = keys[at];
      nextPlaces[to] = places[at];
    }
    [keys, nextKeys, places, nextPlaces] = [nextKeys, keys, nextPlaces, places];
  }
  return {places, keys};
}

// Share of the other finite values below each one, ties counted half, as rows of the colour table.
function rankRows(values) {
  const {places, keys} = ascending(values), count = keys.length;
  const result = new Uint8Array(values.length);
  for (let start = 0; start < count;) {
    let end = start + 1;
    while (end < count && keys[end] === keys[start]) end++;
    const row = Math.round((255 * (start + (end - start - 1) / 2)) / Math.max(1, count - 1));
    for (let at = start; at < end; at++) result[places[at]] = row;
    start = end;
  }
  return result;
}

// Rows of the colour table for each pixel.
export function rows(values, view, high) {
  if (view === "percentile") return rankRows(values);
  const result = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = Number.isNaN(values[at]) ? 0 : values[at] / high;
    result[at] = view === "signed"
      ? Math.round(ZERO + 127 * Math.min(1, Math.max(-1, value)))
      : Math.round(255 * Math.min(1, Math.max(0, value)));
  }
  return result;
}

// The share of the area with the highest positive values: which pixels, from which value on, how much it is.
export function contour(values, contourShare) {
  const sorted = finiteSorted(values);
  const count = Math.ceil(contourShare * sorted.length);
  const threshold = sorted[sorted.length - count];
  const region = new Uint8Array(values.length);
  const fill = (belongs) => {
    let size = 0, least = Infinity;
    for (let at = 0; at < values.length; at++) {
      region[at] = belongs(values[at]) ? 1 : 0;
      if (region[at]) {
        size++;
        least = Math.min(least, values[at]);
      }
    }
    return {size, least};
  };
  let {size, least} = fill((value) => value >= threshold && value > 0);
  if (size === sorted.length) ({size, least} = fill((value) => value > threshold));
  return {region, threshold: least, area: size / sorted.length};
}

const OPAQUE = 255 << 24;
// What a row of the colour table over a grey looks like, for all 256 × 256 pairs, as pixels of 32 bits: with
// α = opacity · alpha / 255 it is curve(grey) · (1 − α) + colour · α.
export function mixture(table, opacity, curve) {
  const pixels = new Uint32Array(256 * 256);
  for (let row = 0; row < 256; row++) {
    const strength = (opacity * table[4 * row + 3]) / 255;
    const [red, green, blue] = [0, 1, 2].map((band) => table[4 * row + band] * strength + 0.5);
    for (let grey = 0; grey < 256; grey++) {
      const rest = curve[grey] * (1 - strength);
      pixels[(row << 8) | grey] = OPAQUE | ((rest + blue) << 16) | ((rest + green) << 8) | (rest + red);
    }
  }
  return pixels;
}

// `mixture`, computed once for panels that are drawn alike.
export function createMixer() {
  let last = {};
  return (table, opacity, curve) => {
    if (last.table !== table || last.opacity !== opacity || last.curve !== curve) {
      last = {table, opacity, curve, pixels: mixture(table, opacity, curve)};
    }
    return last.pixels;
  };
}

export function blend(grey, rows, mixture, image) {
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < grey.length; at++) pixels[at] = mixture[(rows[at] << 8) | grey[at]];
}

// The radiograph alone.
export function bare(grey, curve, image) {
  const shades = Uint32Array.from(curve, (shade) => OPAQUE | (shade << 16) | (shade << 8) | shade);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < grey.length; at++) pixels[at] = shades[grey[at]];
}

// The numbers under a bar, from its left to its right end.
export function ticksOf(view, high, unit) {
  const top = withUnit(number(high), unit);
  if (view === "signed") return [number(-high), "0", `+${top}`];
  if (view === "percentile") return ["0", "100 %"];
  return view === "contour" ? [] : ["0", top];
}
