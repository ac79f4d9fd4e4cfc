// Notices within seconds that the server or the network is gone, and that it is back.

const EVERY_MS = 2500, PATIENCE_MS = 2000;

// address: asked for while the page is in sight; publish("server", {up}) is called when that changes.
export function watchServer(window, address, publish) {
  let up = true;
  const look = async () => {
    const answers = await isUp(window, address);
    if (answers !== up) publish("server", {up: answers});
    up = answers;
  };
  window.setInterval(() => { if (!window.document.hidden) look(); }, EVERY_MS);
  for (const kind of ["online", "offline"]) window.addEventListener(kind, look);
}

async function isUp(window, address) {
  try {
    const answer = await window.fetch(address, {cache: "no-store", signal: window.AbortSignal.timeout(PATIENCE_MS)});
    return answer.ok;
  } catch {
    return false;
  }
}
