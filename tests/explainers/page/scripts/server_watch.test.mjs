// Whether the server is there.
import assert from "node:assert/strict";
import {test} from "node:test";
import {watchServer} from "../../../../explainers/page/scripts/server_watch.js";

const LATE = new DOMException("late", "TimeoutError"), GONE = new TypeError("refused");

// Asks once for each answer: a start's name, or an error; returns what was published.
async function published(answers) {
  const said = [];
  let ask = null;
  const waiting = [...answers];
  const fetch = async () => {
    const answer = waiting.shift();
    if (answer instanceof Error || answer instanceof DOMException) throw answer;
    return {ok: true, text: async () => answer};
  };
  watchServer({
    fetch, AbortSignal, navigator: {onLine: true}, document: {hidden: false}, addEventListener: () => {},
    setInterval: (look) => { ask = look; },
  }, "/page_files/up", (channel, value) => said.push(value));
  const turn = () => new Promise((resolve) => { setImmediate(resolve); });
  await turn();
  while (waiting.length) { ask(); await turn(); }
  return said;
}

test("a server that refuses is gone at once, and is back with its name", async () => {
  assert.deepEqual(await published(["a", GONE, "a"]), [{up: false, restarted: false}, {up: true, restarted: false}]);
});

test("a server that answers late is busy; after three late answers it is gone", async () => {
  assert.deepEqual(await published(["a", LATE, LATE, "a", LATE, LATE]), []);
  assert.deepEqual(await published(["a", LATE, LATE, LATE]), [{up: false, restarted: false}]);
});

test("another name is another start, whose sessions are others", async () => {
  assert.deepEqual(await published(["a", GONE, "b", "b"]), [{up: false, restarted: false}, {up: true, restarted: true}]);
});
