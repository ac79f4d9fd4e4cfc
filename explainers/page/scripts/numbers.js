// Numbers as text, by the rules of explainers.pictures. Pure functions.

// Two significant digits, a true minus, "0" for zero.
export function number(value, significant = 2) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-6 || size >= 1e6) {
    const [digits, exponent] = value.toExponential(significant - 1).split("e");
    return `${digits}e${Number(exponent)}`.replaceAll("-", "−");
  }
  const rounded = Number(value.toPrecision(significant));
  const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(rounded)) + 1e-12));
  return rounded.toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals})
    .replace("-", "−");
}

// Two numbers that are compared: with as many digits as it takes to tell them apart.
export function apart(value, other) {
  const differ = (digits) => value === other || number(value, digits) !== number(other, digits);
  const digits = [2, 3, 4].find(differ) ?? 4;
  return [number(value, digits), number(other, digits)];
}

// A score in a column: two decimals, and never 0 or 1 for what is only near it.
export function scoreText(score) {
  if (score < 0.005) return "<0.01";
  return score >= 0.995 ? ">0.99" : score.toFixed(2);
}

// As many decimals as give the largest of some numbers so many digits, so that they align below each other.
export function decimalsFor(values, digits = 2) {
  const largest = Math.max(...values.map(Math.abs));
  return largest > 0 ? Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(largest)))) : 0;
}

// So many decimals, a true minus, and no minus before zero.
export function fixed(value, decimals) {
  const text = Math.abs(value).toFixed(decimals);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "") + text;
}

// With its sign; by significant digits, or with so many decimals.
export function signed(value, decimals = null) {
  const text = decimals === null ? number(value) : fixed(value, decimals);
  return value > 0 && Number(text.replaceAll(",", "")) !== 0 ? `+${text}` : text;
}

// A true minus before the numbers of a sentence.
export function minus(sentence) {
  return sentence.replace(/(^|[\s(\[])-(?=\d)/g, "$1−");
}

export function withUnit(text, unit) {
  return unit && unit !== "none" ? `${text} ${unit}` : text;
}

export function percent(share) {
  return `${number(100 * share)} %`;
}

export function seconds(value) {
  return value < 0.01 ? "< 0.01 s" : `${number(value)} s`;
}

export function logistic(logit) {
  return 1 / (1 + Math.exp(-logit));
}

export function logitOf(score) {
  return Math.log(score / (1 - score));
}

export function sum(values) {
  return values.reduce((total, each) => total + each, 0);
}

export function limited(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
