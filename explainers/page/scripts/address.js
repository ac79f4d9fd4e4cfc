// The page's address holds what is on the screen: ?sample=…&finding=…&explainers=…&second=…&network=…&view=…

export const PARTS = ["sample", "finding", "explainers", "second", "network", "view"];

// What an address asks for, by part; "" for what it does not say.
export function readAddress(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(PARTS.map((name) => [name, query.get(name) ?? ""]));
}

// The address with these values; those that are empty are left out.
export function withValues(href, values) {
  const address = new URL(href);
  for (const [name, value] of Object.entries(values)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  return address;
}

export function writeAddress(window, values) {
  window.history.replaceState(window.history.state, "", withValues(window.location.href, values));
}
