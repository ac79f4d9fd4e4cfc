// Notices within seconds that the server or the network is gone, that it is back, and that it was restarted.

const EVERY_MS = 2500, PATIENCE_MS = 2000;

// address: asked for while the page is in sight; publish("server", {up, restarted}) is called when that changes.
export function watchServer(window, address, publish) {
  let up = true, restarted = false, start = "";
  const look = async () => {
    const name = await nameOfStart(window, address), before = [up, restarted].join();
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

// What the server calls this start of it; "" if it does not answer.
async function nameOfStart(window, address) {
  try {
    const answer = await window.fetch(address, {cache: "no-store", signal: window.AbortSignal.timeout(PATIENCE_MS)});
    return answer.ok ? await answer.text() : "";
  } catch {
    return "";
  }
}
