// What a finding is compared with: nothing, another finding of this network, or the same finding of another network.
import {create} from "../../scripts/dom.js";

export const findingSide = (name, title) => ({kind: "finding", name, title});
export const networkSide = (name) => ({kind: "network", name, title: name});
export const sideKey = (side) => (side ? `${side.kind}:${side.name}` : "");

// Fills the select; returns the sides that are offered, by key.
export function offerSides(select, findings, networks) {
  const groups = [["Another finding", findings], ["Another network", networks]];
  select.replaceChildren(
    create("option", {value: ""}, "nothing"),
    ...groups.filter(([, members]) => members.length).map(([label, members]) => create("optgroup", {label},
      ...members.map((each) => create("option", {value: sideKey(each)}, each.title)))),
  );
  return new Map([...findings, ...networks].map((each) => [sideKey(each), each]));
}

// What the first side is called, where there are two.
export function firstTitle({second, network, page, finding}) {
  return second?.kind === "network" ? network.model : page.settings.findings[finding]?.title ?? finding;
}
