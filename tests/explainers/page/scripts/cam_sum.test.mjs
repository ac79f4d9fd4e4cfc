// The sum over cells.
import assert from "node:assert/strict";
import {test} from "node:test";
import {Account} from "../../../../explainers/page/panels/cam_sum/account.js";
import {crossingSentence, removalSentence} from "../../../../explainers/page/panels/cam_sum/words.js";

// the key, with its values
const text = (key, values = {}) => [key, ...Object.values(values)].join(" ");

const account = () => new Account({
  rows: 2, columns: 2, findings: {Mass: {cells: [1, -3, 0.5, 2], bias: -0.5, logit: 0}},
}, text);

test("the largest cells are counted first, whatever their sign", () => {
  assert.deepEqual(account().order("Mass"), [1, 3, 0, 2]);
  const {up, down, raised, reached} = account().partialSum("Mass", 2);
  assert.deepEqual([up, down, raised, reached], [[2], [-3], 1.5, -1.5]);
  assert.equal(account().partialSum("Mass", 4).reached, 0);
});

test("covering takes away the difference to the logit, where it is known", () => {
  const taken = account();
  taken.take({places: [2], logits: {Mass: [-0.25]}, agree: {}, done: true, whole: 4});
  assert.deepEqual(taken.falls("Mass"), [undefined, undefined, 0.25, undefined]);
  assert.equal(taken.place(3), "place 2 2");
});

test("the two ways to take a cell out are compared in words", () => {
  assert.match(removalSentence(text, 1, -1, 2), /nearly$/);
  assert.match(removalSentence(text, 1, 1, 2), /opposite$/);
  assert.equal(crossingSentence(text, "covered", 1, 0.5, 0.5), "");
  assert.equal(crossingSentence(text, "covered", 1, -1, 0.5), "falls_covered 0.50");
});
