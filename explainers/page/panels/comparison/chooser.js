// Which explainers are compared: what plugins brought first, then the included ones, then controls.
import {create} from "../../scripts/dom.js";

// explainers: {name: explainer}; chosen: a set of names; `onChoose(name, chosen)` is called when one is ticked or not.
export function createChooser({settings, text, subscribe}, part, explainers, chosen, onChoose) {
  const words = text("comparison"), all = [...explainers.values()];
  const groups = [
    [words("plugins"), all.filter((each) => !each.builtin && !each.control)],
    [words("included"), all.filter((each) => each.builtin && !each.control)],
    [words("controls"), all.filter((each) => each.control)],
  ];
  const chip = (each) => {
    const box = create("input", {
      type: "checkbox", checked: chosen.has(each.name), onchange: () => onChoose(each.name, box.checked),
    });
    const label = create("label", {class: "chip", title: each.summary}, box, create("span", {}, shortTitle(each)));
    label.dataset.explainer = each.name;
    return label;
  };
  part("chooser").replaceChildren(...groups.filter(([, members]) => members.length).map(([title, members]) => create(
    "fieldset", {class: "chooser"}, create("legend", {}, title), ...members.map(chip))));
  subscribe("network", ({unavailable}) => markUnavailable(part, unavailable ?? {}));
  const {failures} = settings;
  part("left-out").hidden = !failures.length;
  part("left-out").replaceChildren(create("h3", {}, words("left_out")), create("ul", {}, ...failures.map(
    (each) => create("li", {}, create("strong", {}, each.plugin), `: ${each.reason}`))));
}

// {name: why the network in use can't be explained by it}; what was chosen stays, and its tile says why.
function markUnavailable(part, unavailable) {
  for (const chip of part("chooser").querySelectorAll("[data-explainer]")) {
    const reason = unavailable[chip.dataset.explainer] ?? "";
    chip.dataset.summary ??= chip.title;
    chip.title = reason || chip.dataset.summary;
    chip.classList.toggle("unavailable", Boolean(reason));
  }
}

// Among controls a title need not say that it is one.
function shortTitle({control, title}) {
  if (!control) return title;
  return title.replace(/^Control: /, "").replace(/^./, (first) => first.toUpperCase());
}
