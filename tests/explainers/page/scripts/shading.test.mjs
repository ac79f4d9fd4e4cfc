// From a map to colours.
import assert from "node:assert/strict";
import {test} from "node:test";
import {
  contour, createMixer, emptiness, enlarged, extremes, ownScale, rows, ticksOf,
} from "../../../../explainers/page/scripts/shading.js";

const close = (found, expected) => expected.forEach((value, at) => assert.ok(Math.abs(found[at] - value) < 1e-6));

test("cells are enlarged bilinearly between their centres, or flat", () => {
  const map = [0, 4];
  close(enlarged(map, 1, 2, 1, 4, [0, 0, 1, 4], false), [0, 1, 3, 4]);
  close(enlarged(map, 1, 2, 1, 4, [0, 0, 1, 4], true), [0, 0, 4, 4]);
});

test("outside the part that the network sees there is no value", () => {
  const found = enlarged([5], 1, 1, 1, 4, [0, 1, 1, 2], true);
  assert.deepEqual([...found].map(Number.isNaN), [true, false, false, true]);
});

test("a view that has nothing to show says why", () => {
  assert.equal(emptiness({minimum: -1, maximum: 0}, "positive"), "none_raises");
  assert.equal(emptiness({minimum: 0, maximum: 0}, "signed"), "all_zero");
  assert.equal(emptiness({minimum: 2, maximum: 2}, "percentile"), "constant");
  assert.equal(emptiness({minimum: -1, maximum: 0}, "signed"), null);
});

test("a signed view has zero in the middle and one scale for both signs", () => {
  assert.equal(ownScale(extremes([-3, 2]), "signed"), 3);
  assert.deepEqual([...rows(Float32Array.of(-3, 0, 3), "signed", 3)], [1, 128, 255]);
});

test("ranks count ties half", () => {
  assert.deepEqual([...rows(Float32Array.of(1, 1, 5, -2), "percentile", 5)], [128, 128, 255, 0]);
});

test("the contour encloses its share of the highest positive values", () => {
  const found = contour(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0.2);
  assert.deepEqual([...found.region], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  assert.equal(found.threshold, 9);
});

test("panels that are drawn alike share one table", () => {
  const mixer = createMixer(), table = new Uint8Array(1024).fill(255), curve = Uint8Array.from({length: 256}, (_, at) => at);
  assert.equal(mixer(table, 0.5, curve), mixer(table, 0.5, curve));
  assert.notEqual(mixer(table, 0.5, curve), mixer(table, 0.6, curve));
  assert.equal(mixer(table, 0, curve)[(255 << 8) | 77] & 255, 77);
});

test("a bar's ends have numbers with their unit", () => {
  assert.deepEqual(ticksOf("signed", 0.5, "logit"), ["−0.50", "0", "+0.50 logit"]);
  assert.deepEqual(ticksOf("positive", 0.5, "logit"), ["0", "0.50 logit"]);
  assert.deepEqual(ticksOf("contour", 0.5, "logit"), []);
});
