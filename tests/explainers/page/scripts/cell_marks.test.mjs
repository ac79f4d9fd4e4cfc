// Marks over cells: what became of a map's claims, and signs that are unsettled.
import assert from "node:assert/strict";
import {test} from "node:test";
import {CellMarks, drawMarks} from "../../../../explainers/page/panels/comparison/cell_marks.js";

// a canvas that remembers where it was hatched and where a question mark stands
function canvas() {
  const hatched = [], asked = [];
  const calls = {rect: (x, y) => hatched.push([x, y]), fillText: (mark, x, y) => asked.push([mark, x, y])};
  const pen = new Proxy({}, {
    get: (target, name) => calls[name] ?? (name in target ? target[name] : () => {}),
    set: (target, name, value) => { target[name] = value; return true; },
  });
  return {hidden: true, hatched, asked, getContext: () => pen};
}

const PLACE = {rows: 2, columns: 2, crop: [10, 20, 40, 80]}, SIZE = {width: 120, height: 60};

test("contradicted cells are hatched, and a question mark stands where it depends on the fill", () => {
  const drawn = canvas();
  // not tried, contradicted; depends on the fill, confirmed
  drawMarks(drawn, [0, 2, 3, 1], PLACE, SIZE, true);
  assert.deepEqual(drawn.hatched, [[60, 10]]);
  assert.deepEqual(drawn.asked, [["?", 40, 40]]);
});

test("without verifying, cells of an unsettled sign are hatched", () => {
  const drawn = canvas();
  drawMarks(drawn, [1, 0, 0, 1], PLACE, SIZE, false);
  assert.deepEqual(drawn.hatched, [[20, 10], [60, 30]]);
  assert.deepEqual(drawn.asked, []);
});

test("the switch shows the claims of the last test that tried some, and nothing where none did", async () => {
  const hatch = canvas(), asked = [];
  const maps = {get: async (token, map) => { asked.push(map); return [2, 2, 2, 2]; }};
  const marks = new CellMarks({hatch, page: {maps}, picture: {radiograph: SIZE}, state: "done"});
  marks.take({verified: {claims: {map: "few", ...PLACE}}, verified_grid: {claims: {map: "all", ...PLACE}}}, "t");
  assert.deepEqual(asked, []);
  marks.show(true);
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["all"]);
  assert.equal(hatch.hidden, false);
  assert.equal(hatch.hatched.length, 4);
  marks.show(false);
  assert.equal(hatch.hidden, true);
});
