// Which explainers are compared: what plugins brought first, then the included ones, then controls.
import {create} from "../../scripts/dom.js";

// explainers: {name: explainer}; chosen: a set of names; `onChoose(name, chosen)` is called when one is ticked or not.
export function createChooser({settings, text}, part, explainers, chosen, onChoose) {
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
    return create("label", {class: "chip", title: each.summary}, box, create("span", {}, shortTitle(each)));
  };
  part("chooser").replaceChildren(...groups.filter(([, members]) => members.length).map(([title, members]) => create(
    "fieldset", {class: "chooser"}, create("legend", {}, title), ...members.map(chip))));
  const {failures} = settings;
  part("left-out").hidden = !failures.length;
  part("left-out").replaceChildren(create("h3", {}, words("left_out")), create("ul", {}, ...failures.map(
    (each) => create("li", {}, create("strong", {}, each.plugin), `: ${each.reason}`))));
}

// Among controls a title need not say that it is one.
function shortTitle({control, title}) {
  if (!control) return title;
  return title.replace(/^Control: /, "").replace(/^./, (first) => first.toUpperCase());
}
