// Which network is in use while the default one is on its way. No document.

// {chosen, awaited}: what the server says, by name: the network to use, and the default one where another is used in
// its place; before: the network in use until now, "" for none; own: the visitor's choice, "" for none.
// A network takes over only when nothing is computed with the one before; until then it is held.
export function inUse({chosen, awaited}, {before, own, isBusy}) {
  const due = own || chosen;
  const isHeld = Boolean(before) && !own && due !== before && isBusy;
  const model = isHeld ? before : due;
  const waitsFor = isHeld ? awaited || due : awaited;
  return {model, isHeld, awaited: own || waitsFor === model ? "" : waitsFor};
}
