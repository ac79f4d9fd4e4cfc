// Numbers as text: node --test tests/explainers/page/scripts/
import assert from "node:assert/strict";
import {test} from "node:test";
import {apart, decimalsFor, fixed, minus, number, percent, signed, withUnit} from "../../../../explainers/page/scripts/numbers.js";

test("a number has two significant digits and a true minus", () => {
  const cases = [[0, "0"], [0.123, "0.12"], [-0.0456, "−0.046"], [12.34, "12"], [1234, "1,200"], [9.99, "10"], [3e-9, "3.0e−9"]];
  for (const [value, text] of cases) assert.equal(number(value), text);
});

test("two numbers that differ are written so that they differ", () => {
  assert.deepEqual(apart(0.5601, 0.5599), ["0.5601", "0.5599"]);
  assert.deepEqual(apart(0.56, 0.1), ["0.56", "0.10"]);
  assert.deepEqual(apart(0.5, 0.5), ["0.50", "0.50"]);
});

test("a sum's parts align: decimals come from the largest", () => {
  assert.equal(decimalsFor([0.012, -0.4]), 2);
  assert.equal(decimalsFor([0]), 0);
  assert.equal(fixed(-0.0001, 2), "0.00");
  assert.equal(fixed(-1.234, 2), "−1.23");
});

test("a change has its sign, and zero has none", () => {
  assert.equal(signed(0.5), "+0.50");
  assert.equal(signed(-0.5), "−0.50");
  assert.equal(signed(0.001, 2), "0.00");
});

test("a sentence gets true minus signs before its numbers, and keeps its hyphens", () => {
  assert.equal(minus("from -0.5 to 2 (-1), well-known"), "from −0.5 to 2 (−1), well-known");
});

test("units follow a space, and 'none' is no unit", () => {
  assert.equal(withUnit("0.5", "logit"), "0.5 logit");
  assert.equal(withUnit("0.5", "none"), "0.5");
  assert.equal(percent(0.078), "7.8 %");
});
