// What is compared until the visitor chooses: of the explainers that come first, those that have maps of the network.

// unavailable: {name: why the network can't be explained by it}; if none of atFirst is left, the first one that is.
export function suited(atFirst, explainers, unavailable) {
  const found = atFirst.filter((name) => !unavailable[name]);
  if (found.length) return found;
  return explainers.filter(({name, control}) => !control && !unavailable[name]).slice(0, 1).map(({name}) => name);
}

// Once it is known what the network can't give. What the visitor chose, or the address named, stays: its tile says why
// it has no map. Returns whether an explainer was added.
export function suitChoice({network, atFirst, explainers, chosen, grid, part}) {
  if (!atFirst || !network?.unavailable) return false;
  const wanted = new Set(suited(atFirst, [...explainers.values()], network.unavailable));
  const changed = [...explainers.keys()].filter((name) => wanted.has(name) !== chosen.has(name));
  for (const name of changed) {
    if (wanted.has(name)) chosen.add(name);
    else chosen.delete(name);
    grid[wanted.has(name) ? "add" : "remove"](name);
    part("chooser").querySelector(`[data-explainer="${name}"] input`).checked = wanted.has(name);
  }
  return changed.some((name) => wanted.has(name));
}
