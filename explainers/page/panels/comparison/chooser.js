// Which explainers are compared: a few are offered at once, the others unfold.
import {create} from "../../scripts/dom.js";

const CONTROLS_HELP =
  "Maps that must lose against an explanation. A test that one of them passes shows nothing.";

// explainers: {name: explainer}; chosen: a set of names; `onChoose(name, chosen)` is called when one is ticked or not.
export function createChooser({settings}, part, explainers, chosen, onChoose) {
  // those that are compared, and what was brought to this page
  const offeredAtOnce = (name, each) =>
    chosen.has(name) || settings.atFirst.includes(name) || (!each.builtin && !each.control);

  function offer(name, each, place, title) {
    const box = create("input", {
      type: "checkbox", checked: chosen.has(name), onchange: () => onChoose(name, box.checked),
    });
    place.append(create("label", {class: "chip", title: each.summary}, box, create("span", {}, title)));
  }

  const others = [];
  for (const [name, each] of explainers) {
    if (offeredAtOnce(name, each)) offer(name, each, part("chooser"), each.title);
    else others.push([name, each]);
  }
  for (const control of [false, true]) {
    const group = others.filter(([, each]) => each.control === control);
    if (control && group.length) {
      part("others").append(create("span", {class: "quiet group", title: CONTROLS_HELP}, "Controls"));
    }
    for (const [name, each] of group) offer(name, each, part("others"), shortTitle(each));
  }
  part("more").textContent = `${others.length} more`;
  part("more").setAttribute("aria-label", `${others.length} more explainers`);
  part("more").hidden = !others.length;
  part("more").addEventListener("click", () => {
    part("more").hidden = true;
    part("others").hidden = false;
    part("others").querySelector("input").focus();
  });
}

// Among controls a title need not say that it is one.
function shortTitle({control, title}) {
  if (!control) return title;
  return title.replace(/^Control: /, "").replace(/^./, (first) => first.toUpperCase());
}
