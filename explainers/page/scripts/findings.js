// Names of findings: those of the network in use, or NIH's where none is there yet.
export function titleOf(page, name) {
  const known = page.last?.("network")?.findings ?? {};
  return known[name]?.title ?? page.settings.findings[name]?.title ?? name ?? "";
}

// The findings that a list is prepared for before there are scores.
export function expectedFindings(page) {
  return Object.values(page.last?.("network")?.findings ?? page.settings.findings);
}
