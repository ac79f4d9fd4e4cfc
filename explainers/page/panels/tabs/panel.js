// The row of tabs. The channel "tab" says which one is open.
import {create} from "../../scripts/dom.js";

const STEPS = {ArrowRight: 1, ArrowLeft: -1};

export function start({root, page}) {
  const {tabs} = page.settings, list = root.querySelector("[data-tabs]");
  const open = (name) => page.publish("tab", {name});
  const buttons = tabs.map(({name, title}) => create("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": name, onclick: () => open(name),
    onkeydown: (event) => walk(event, name),
  }, title));
  list.replaceChildren(...buttons);

  function walk(event, name) {
    const at = tabs.findIndex((each) => each.name === name), step = STEPS[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1
      : step ? (at + step + tabs.length) % tabs.length : null;
    if (next === null) return;
    event.preventDefault();
    open(tabs[next].name);
    buttons[next].focus();
  }

  page.subscribe("tab", ({name}) => tabs.forEach((each, at) => {
    buttons[at].setAttribute("aria-selected", String(each.name === name));
    buttons[at].tabIndex = each.name === name ? 0 : -1;
  }));
  open(tabs[0].name);
}
