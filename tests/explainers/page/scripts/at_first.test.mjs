// What is compared before the visitor chooses.
import assert from "node:assert/strict";
import test from "node:test";

import {suitChoice, suited} from "../../../../explainers/page/panels/comparison/at_first.js";

const ALL = ["edges", "grad_cam", "occlusion", "rise", "saliency"].map((name) => ({name, control: name === "edges"}));
const AT_FIRST = ["grad_cam", "occlusion", "saliency"];
const ONLY_SCORES = {grad_cam: "Not available: needs inner layers.", saliency: "Not available: needs gradients."};

function comparison(unavailable, chosen = AT_FIRST, atFirst = AT_FIRST) {
  const changed = [], ticked = {};
  const chip = (selector) => {
    const [, name] = selector.match(/"(.*)"/);
    return {set checked(value) { ticked[name] = value; }};
  };
  return {
    network: {unavailable}, atFirst, explainers: new Map(ALL.map((each) => [each.name, each])), chosen: new Set(chosen),
    grid: {add: (name) => changed.push(`+${name}`), remove: (name) => changed.push(`-${name}`)},
    part: () => ({querySelector: chip}), changed, ticked,
  };
}

test("what the network has no map by is not compared at first", () => {
  const made = comparison(ONLY_SCORES);
  assert.equal(suitChoice(made), false);
  assert.deepEqual([...made.chosen], ["occlusion"]);
  assert.deepEqual(made.changed, ["-grad_cam", "-saliency"]);
  assert.deepEqual(made.ticked, {grad_cam: false, saliency: false});
});

test("it comes back with a network that has it", () => {
  const made = comparison({}, ["occlusion"]);
  assert.equal(suitChoice(made), true);
  assert.deepEqual([...made.chosen].sort(), AT_FIRST);
});

test("what the visitor chose stays", () => {
  const made = comparison(ONLY_SCORES, ["grad_cam"], null);
  assert.equal(suitChoice(made), false);
  assert.deepEqual([...made.chosen], ["grad_cam"]);
});

test("before the network is there, nothing is left out", () => {
  const made = comparison(undefined);
  suitChoice(made);
  assert.deepEqual(made.changed, []);
});

test("where none of them has a map, the first one that does is compared, and no control", () => {
  assert.deepEqual(suited(AT_FIRST, ALL, {...ONLY_SCORES, occlusion: "no"}), ["rise"]);
  assert.deepEqual(suited(AT_FIRST, [], {...ONLY_SCORES, occlusion: "no"}), []);
});
