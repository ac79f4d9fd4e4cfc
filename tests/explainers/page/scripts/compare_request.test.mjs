// What a comparison is asked for with.
import assert from "node:assert/strict";
import test from "node:test";

import {changedOptions, compareRequest} from "../../../../explainers/page/panels/comparison/request.js";

const DECLARED = [
  {name: "layer", kind: "layer", default: "conv5_block16_concat"},
  {name: "patch", kind: "int", default: 32},
];
const LAYERS = ["block1", "block2"];

test("defaults are not sent, since each network has its own", () => {
  assert.deepEqual(changedOptions(DECLARED, {layer: "conv5_block16_concat", patch: 32}, LAYERS), {});
});

test("what a visitor changed is sent", () => {
  assert.deepEqual(changedOptions(DECLARED, {layer: "block1", patch: 16}, LAYERS), {layer: "block1", patch: 16});
});

test("a layer that was chosen for another network is not sent", () => {
  assert.deepEqual(changedOptions(DECLARED, {layer: "relu", patch: 16}, LAYERS), {patch: 16});
});

test("before the network's layers are known, the chosen one is sent", () => {
  assert.deepEqual(changedOptions(DECLARED, {layer: "relu", patch: 32}, undefined), {layer: "relu"});
});

test("a request names each explainer that was chosen, with what was changed of it", () => {
  const asked = compareRequest({
    run: 3, second: null, network: {model: "lite0", layers: LAYERS}, finding: "Mass",
    options: {grad_cam: {layer: "conv5_block16_concat", patch: 16}},
    explainers: new Map([["grad_cam", {options: DECLARED}]]),
  }, ["grad_cam"]);
  assert.deepEqual(asked, {
    run: 3, finding: "Mass", explainers: ["grad_cam"], options: {grad_cam: {patch: 16}}, networks: ["lite0"], second: "",
  });
});
