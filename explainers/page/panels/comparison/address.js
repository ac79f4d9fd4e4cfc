// The page's address says what is compared, ?finding=Effusion&explainers=grad_cam,edges; never a picture.

// What an address asks for, as far as the page knows it.
export function readAddress(search, explainers) {
  const query = new URLSearchParams(search);
  return {
    finding: query.get("finding") ?? "",
    second: query.get("second") ?? "",
    explainers: (query.get("explainers") ?? "").split(",").filter((name) => explainers.has(name)),
  };
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
