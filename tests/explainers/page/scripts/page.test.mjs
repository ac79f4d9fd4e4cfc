// Sentences, addresses, smoothing, boxes.
import assert from "node:assert/strict";
import {test} from "node:test";
import {headline, pairWords} from "../../../../explainers/page/panels/comparison/headline.js";
import {afterwards} from "../../../../explainers/page/panels/probability/odds.js";
import {readAddress, withValues} from "../../../../explainers/page/scripts/address.js";
import {clipAt, isPixelMap, smoothed} from "../../../../explainers/page/scripts/smoothing.js";
import {createText} from "../../../../explainers/page/scripts/words.js";

test("a sentence is filled in, and a missing one is an error", () => {
  const text = createText({map: {grid: "{columns} × {rows} cells"}}, "map");
  assert.equal(text("grid", {columns: 7, rows: 9}), "7 × 9 cells");
  assert.throws(() => text("nothing"), /map\.nothing/);
});

test("an address is read as it was written, and keeps what is not ours", () => {
  const address = withValues("http://here/?__theme=dark", {finding: "Mass", sample: "", view: "signed"});
  assert.equal(address.search, "?__theme=dark&finding=Mass&view=signed");
  assert.equal(readAddress(address.search).finding, "Mass");
  assert.equal(readAddress(address.search).sample, "");
});

test("smoothing keeps a constant map and spreads a point, whose sum stays", () => {
  const constant = smoothed(new Float32Array(400).fill(2), 20, 20, 2);
  assert.ok(constant.every((each) => Math.abs(each - 2) < 1e-5));
  const point = new Float32Array(61 * 61);
  point[30 * 61 + 30] = 1;
  const spread = smoothed(point, 61, 61, 2);
  assert.ok(Math.abs(spread.reduce((sum, each) => sum + each, 0) - 1) < 1e-4);
  // 1 / (2 π σ²) in the middle
  assert.ok(Math.abs(spread[30 * 61 + 30] - 1 / (8 * Math.PI)) < 1e-3);
});

test("only maps of pixels are smoothed, and clipped only where something is beyond", () => {
  assert.equal(isPixelMap({rows: 7, columns: 7}), false);
  assert.equal(isPixelMap({rows: 224, columns: 224}), true);
  const values = Float32Array.from({length: 1000}, (_, at) => at);
  assert.equal(clipAt(values, "positive"), 995);
  assert.equal(clipAt(values.map((each) => -each), "signed"), 995);
  assert.equal(clipAt(new Float32Array(1000), "positive"), null);
});

test("the sentence above the maps says how far they agree", () => {
  const words = (key, values) => `${key} ${JSON.stringify(values ?? "")}`;
  const of = (shared) => ({explainers: ["a", "b", "c"], titles: ["A", "B", "C"], shared, pair: ["a", "c"],
    shared_top_tenth: [[1, 0.5, 0.14], [0.5, 1, 0.5], [0.14, 0.5, 1]]});
  assert.match(headline(words, of(0.05)), /^agree_low/);
  assert.match(headline(words, of(0.3)), /^agree_middle/);
  assert.match(headline(words, of(0.8)), /^agree_high/);
  assert.match(headline(words, null), /^agree_none/);
  assert.match(pairWords(words, of(0.05)), /"one":"A","other":"C","shared":"14\u00a0%"/);
});

test("a ratio of odds and a prevalence make a probability", () => {
  // odds of a quarter, three times as many: three quarters, which are three of seven
  assert.ok(Math.abs(afterwards(3, 0.2) - 3 / 7) < 1e-12);
  assert.equal(afterwards(1, 0.3), 0.3);
});
