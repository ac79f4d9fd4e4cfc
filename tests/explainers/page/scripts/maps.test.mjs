// Maps of the session.
import assert from "node:assert/strict";
import {test} from "node:test";
import {createChannels} from "../../../../explainers/page/scripts/channels.js";
import {createMaps} from "../../../../explainers/page/scripts/maps.js";

test("a map is fetched once, and again after a fetch that failed", async () => {
  let calls = 0;
  const maps = createMaps(async () => {
    calls += 1;
    if (calls === 1) throw new Error("the connection was lost");
    return Float32Array.of(1);
  });
  await assert.rejects(maps.get("token", "place"), /lost/);
  assert.deepEqual(await maps.get("token", "place"), Float32Array.of(1));
  await maps.get("token", "place");
  assert.equal(calls, 2);
});

test("who listens late gets the last value", () => {
  const channels = createChannels(), heard = [];
  channels.publish("scores", 1);
  const end = channels.subscribe("scores", (value) => heard.push(value));
  channels.publish("scores", 2);
  end();
  channels.publish("scores", 3);
  assert.deepEqual(heard, [1, 2]);
});
