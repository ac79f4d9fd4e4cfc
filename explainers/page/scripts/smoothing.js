// How maps of single pixels are made visible: smoothed for display, and clipped. The map itself stays as it is. Pure.

// A map is one of pixels from this many cells along a side.
export const PIXEL_MAP_CELLS = 100;
// Standard deviation of the smoothing, in the map's own pixels.
export const SMOOTHING_PX = 4;
export const CLIP_SHARE = 0.995;

export function isPixelMap({rows, columns}) {
  return Math.min(rows, columns) >= PIXEL_MAP_CELLS;
}

function kernel(sigma) {
  const reach = Math.ceil(3 * sigma);
  const weights = Float64Array.from(
    {length: 2 * reach + 1}, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map((each) => each / total);
}

// Along one axis; beyond the border the outermost value goes on.
function smoothedAlong(values, count, length, step, stride, weights) {
  const result = new Float32Array(values.length), reach = (weights.length - 1) / 2;
  for (let line = 0; line < count; line++) {
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let offset = -reach; offset <= reach; offset++) {
        const place = Math.min(length - 1, Math.max(0, at + offset));
        sum += weights[offset + reach] * values[line * stride + place * step];
      }
      result[line * stride + at * step] = sum;
    }
  }
  return result;
}

// A Gaussian over rows and columns; sums are kept but for the border.
export function smoothed(values, rows, columns, sigma = SMOOTHING_PX) {
  const weights = kernel(sigma);
  const across = smoothedAlong(values, rows, columns, 1, columns, weights);
  return smoothedAlong(across, columns, rows, columns, 1, weights);
}

// The size below which this share of the values that a view shows lies; null where nothing would be clipped.
export function clipAt(values, view, share = CLIP_SHARE) {
  const shown = Float32Array.from(values, (value) => (view === "signed" ? Math.abs(value) : Math.max(0, value))).sort();
  const limit = shown[Math.min(shown.length - 1, Math.floor(share * shown.length))];
  return limit > 0 && limit < shown[shown.length - 1] ? limit : null;
}
