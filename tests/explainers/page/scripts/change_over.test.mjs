// Which network is in use while the default one is on its way.
import assert from "node:assert/strict";
import {test} from "node:test";
import {inUse} from "../../../../explainers/page/panels/header/change_over.js";

const waiting = {chosen: "starter", awaited: "medmae"}, there = {chosen: "medmae", awaited: ""};
const visitor = {before: "starter", own: "", isBusy: false};

test("the packaged network is used at first, and what is awaited is said", () => {
  assert.deepEqual(inUse(waiting, {...visitor, before: ""}), {model: "starter", isHeld: false, awaited: "medmae"});
});

test("the default network takes over once nothing is computed", () => {
  assert.deepEqual(inUse(there, {...visitor, isBusy: true}), {model: "starter", isHeld: true, awaited: "medmae"});
  assert.deepEqual(inUse(there, visitor), {model: "medmae", isHeld: false, awaited: ""});
});

test("a page that has used nothing yet begins with the default network at once", () => {
  assert.deepEqual(inUse(there, {...visitor, before: "", isBusy: true}), {model: "medmae", isHeld: false, awaited: ""});
});

test("what the visitor chose is used at once and stays", () => {
  const own = {...visitor, own: "second", isBusy: true};
  assert.deepEqual(inUse(there, own), {model: "second", isHeld: false, awaited: ""});
  assert.deepEqual(inUse(waiting, {...own, before: "second"}), {model: "second", isHeld: false, awaited: ""});
});
