// Names of findings, with and without a network.
import assert from "node:assert/strict";
import {test} from "node:test";
import {expectedFindings, titleOf} from "../../../../explainers/page/scripts/findings.js";

const settings = {
  findings: {Effusion: {title: "Effusion"}}, expected: {Covid: {title: "COVID"}},
};
const pageOf = (network) => ({settings, last: () => network});

test("before anything is known of the network in use, the default network's findings are expected", () => {
  assert.deepEqual(expectedFindings(pageOf(undefined)), [{title: "COVID"}]);
});

test("the network in use says what it finds, and where it can't yet, nothing is expected", () => {
  assert.deepEqual(expectedFindings(pageOf({findings: {Left: {title: "Left"}}})), [{title: "Left"}]);
  assert.deepEqual(expectedFindings(pageOf({findings: {}})), []);
});

test("a name is the network's, else NIH's, else itself", () => {
  const page = pageOf({findings: {Left: {title: "On the left"}}});
  assert.deepEqual(["Left", "Effusion", "Other"].map((name) => titleOf(page, name)), ["On the left", "Effusion", "Other"]);
});
