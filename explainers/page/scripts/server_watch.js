// Notices within seconds that the server or the network is gone, that it is back, and that it was restarted.

const EVERY_MS = 2500, PATIENCE_MS = 2000;
// A server that is only busy answers late: it is taken for gone after so many late answers in a row.
const MOST_LATE = 3;

// address: asked for while the page is in sight; publish("server", {up, restarted}) is called when that changes.
export function watchServer(window, address, publish) {
  let up = true, restarted = false, start = "", late = 0;
  const look = async () => {
    const {name, isLate} = await askServer(window, address), before = [up, restarted].join();
    late = isLate ? late + 1 : 0;
    if (isLate && late < MOST_LATE) return;
    up = Boolean(name);
    // the sessions of an earlier start are gone
    restarted ||= up && Boolean(start) && name !== start;
    start ||= name;
    if ([up, restarted].join() !== before) publish("server", {up, restarted});
  };
  look();
  window.setInterval(() => { if (!window.document.hidden) look(); }, EVERY_MS);
  for (const kind of ["online", "offline"]) window.addEventListener(kind, look);
}

// What the server calls this start of it, "" if it does not answer; and whether it only answers late.
async function askServer(window, address) {
  try {
    const answer = await window.fetch(address, {cache: "no-store", signal: window.AbortSignal.timeout(PATIENCE_MS)});
    return {name: answer.ok ? await answer.text() : "", isLate: false};
  } catch (problem) {
    return {name: "", isLate: problem.name === "TimeoutError" && window.navigator.onLine};
  }
}
