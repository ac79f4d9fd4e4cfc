// What a finding is compared with: nothing, another finding of this network, or the same finding of another network.
import {create} from "../../scripts/dom.js";
import {titleOf} from "../../scripts/findings.js";

export const findingSide = (name, title) => ({kind: "finding", name, title});
export const networkSide = (name) => ({kind: "network", name, title: name});
export const sideKey = (side) => (side ? `${side.kind}:${side.name}` : "");

// Fills the select of the comparison; returns the sides that are offered, by key.
export function offerSides({page, part, text, scores, finding, network}) {
  const findings = (scores?.findings ?? []).filter((each) => each.finding !== finding)
    .map((each) => findingSide(each.finding, each.title));
  const networks = Object.keys(page.last("networks") ?? {}).filter((name) => name !== network?.model).map(networkSide);
  const groups = [["other_finding", findings], ["other_network", networks]];
  part("second").replaceChildren(
    create("option", {value: ""}, text("nothing")),
    ...groups.filter(([, members]) => members.length).map(([label, members]) => create("optgroup",
      {label: text(label)}, ...members.map((each) => create("option", {value: sideKey(each)}, each.title)))),
  );
  return new Map([...findings, ...networks].map((each) => [sideKey(each), each]));
}

// What the first side is called, where there are two.
export function firstTitle({second, network, page, finding}) {
  return second?.kind === "network" ? network.model : titleOf(page, finding);
}
