// Controls of an explainer's options, made from their declarations: one declaration, one control.
import {create} from "../../scripts/dom.js";

export function defaults(explainer) {
  return Object.fromEntries(explainer.options.map((option) => [option.name, option.default]));
}

// A fieldset for one explainer; `changed(name, value)` is called when the visitor decided on a value.
function optionControls(page, explainer, values, network, changed) {
  const words = page.text("options");
  const fields = explainer.options.map((option) => {
    const id = `option-${explainer.name}-${option.name}`;
    const help = option.help ? create("p", {class: "help", id: `${id}-help`}, sentence(option.help)) : null;
    const change = (value) => changed(option.name, value);
    const control = CONTROLS[option.kind](option, values[option.name], change, {network, words});
    const input = control.matches("input, select") ? control : control.querySelector("input, select");
    input.id = id;
    if (help) input.setAttribute("aria-describedby", help.id);
    const label = create("label", {for: id}, option.name.replaceAll("_", " "));
    return create("div", {class: `option ${option.kind}`}, label, control, help);
  });
  return create("div", {class: "options"}, ...fields);
}

const CONTROLS = {
  int: numeric,
  float: numeric,
  bool: (option, value, changed) => {
    const box = create("input", {type: "checkbox", onchange: () => changed(box.checked)});
    box.checked = value;
    return box;
  },
  choice: (option, value, changed) => {
    const items = option.choices.map((choice) => create("option", {}, String(choice)));
    const select = create("select", {onchange: () => changed(option.choices[select.selectedIndex])}, ...items);
    select.selectedIndex = option.choices.indexOf(value);
    return select;
  },
  layer: (option, value, changed, {network, words}) => {
    const names = network?.layers ?? [value];
    const ends = names.filter((name) => /_concat$|^relu$/.test(name)).reverse();
    const groups = [[words("blocks"), ends], ...blocks(words, names.filter((name) => !ends.includes(name)))];
    const select = create("select", {onchange: () => changed(select.value)});
    for (const [title, members] of groups) {
      if (!members.length) continue;
      const items = members.map((name) => create("option", {value: name}, name));
      select.append(create("optgroup", {label: title}, ...items));
    }
    select.value = names.includes(value) ? value : network.targetLayer;
    return select;
  },
};

// A slider where the range is known, else a number field.
function numeric(option, value, changed) {
  const bounded = option.minimum !== null && option.maximum !== null;
  const step = option.step ?? (option.kind === "int" ? 1 : bounded ? (option.maximum - option.minimum) / 100 : "any");
  const input = create("input", {
    type: bounded ? "range" : "number", step, min: option.minimum, max: option.maximum, value,
  });
  const shown = create("output", {}, String(value));
  const read = () => (option.kind === "int" ? Math.round(Number(input.value)) : Number(input.value));
  input.addEventListener("input", () => { shown.textContent = String(read()); });
  input.addEventListener("change", () => { if (input.value !== "") changed(read()); });
  return create("div", {class: "number"}, input, bounded ? shown : null);
}

// Layers by the part of the network that their names begin with.
function blocks(words, names) {
  const groups = new Map();
  for (const name of names) {
    const block = /^(conv\d+|pool\d+)/.exec(name)?.[0] ?? words("others");
    if (!groups.has(block)) groups.set(block, []);
    groups.get(block).push(name);
  }
  return [...groups];
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// The box with a panel's options, and the button that computes the map again.
export function optionsBox(panel) {
  const {page, explainer, options, text} = panel;
  const again = create("button", {type: "button", onclick: () => panel.onRerun()}, text("again"));
  again.disabled = true;
  const body = create("div", {class: "pop-body"});
  const box = create("details", {class: "pop settings"}, create("summary", {}, text("options")), body);
  const fill = () => {
    const controls = optionControls(page, explainer, options, panel.network(), (name, value) => {
      options[name] = value;
      again.disabled = panel.state === "idle";
    });
    body.replaceChildren(controls, again);
  };
  // filled when it is opened: the layers are known only once the network is there
  box.addEventListener("toggle", () => { if (box.open) fill(); });
  return {box, again};
}
