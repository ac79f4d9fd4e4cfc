// A finding's name: the network's in use, else NIH's, which samples and results may have before a network is there.
export function titleOf(page, name) {
  const known = page.last?.("network")?.findings ?? {};
  return known[name]?.title ?? page.settings.findings[name]?.title ?? name ?? "";
}

// The findings that a list is prepared for before there are scores: none where nobody knows them yet.
export function expectedFindings(page) {
  return Object.values(page.last?.("network")?.findings ?? page.settings.expected ?? {});
}
