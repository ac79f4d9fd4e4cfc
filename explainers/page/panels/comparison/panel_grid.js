// The maps' panels: in the order of the registry, an explainer's two panels as a pair; drawn together.
import {create} from "../../scripts/dom.js";
import {sharedScales} from "./looks.js";
import {MapPanel} from "./map_panel.js";

export class PanelGrid {
  // explainers: {name: explainer}; options: {name: {option: value}}; look: how maps are drawn;
  // callbacks: {network, onRerun, onDrawn} of each panel
  constructor(page, element, {explainers, options, look, callbacks}) {
    Object.assign(this, {page, element, explainers, options, look, callbacks});
    this.panels = new Map();
    this.order = [...explainers.keys()];
    this.radiograph = this.second = null;
    this.paintTurn = 0;
    page.subscribe("tone", () => this.paintInTurn());
  }

  get all() {
    return [...this.panels.values()];
  }

  get done() {
    return [...this.panels].filter(([, panel]) => panel.state === "done").map(([name]) => name);
  }

  get(key) {
    return this.panels.get(key);
  }

  secondKey(name) {
    return `${name}@${this.second?.name}`;
  }

  // The panel of an explainer, and that of the second side if there is one.
  add(name) {
    this.addPanel(name, null);
    if (this.second) this.addPanel(name, this.second);
  }

  remove(name) {
    this.removePanel(name);
    this.removePanel(this.secondKey(name));
  }

  // second: what the panels of the second side show, or null for one side alone
  setSecond(second, names) {
    for (const name of names) this.removePanel(this.secondKey(name));
    this.second = second;
    this.element.classList.toggle("paired", Boolean(second));
    for (const name of names) if (second) this.addPanel(name, second);
  }

  addPanel(name, second) {
    const panel = new MapPanel(
      this.page, this.explainers.get(name), this.options[name], {...this.callbacks, second});
    this.panels.set(panel.key, panel);
    if (this.radiograph) panel.setRadiograph(this.radiograph);
    this.pairOf(name).append(panel.root);
  }

  pairOf(name) {
    const pairs = [...this.element.children], place = this.order.indexOf(name);
    const known = pairs.find((each) => each.dataset.pair === name);
    if (known) return known;
    const pair = create("div", {class: "pair", "data-pair": name});
    const next = pairs.find((each) => this.order.indexOf(each.dataset.pair) > place) ?? null;
    this.element.insertBefore(pair, next);
    return pair;
  }

  removePanel(key) {
    this.panels.get(key)?.leave();
    this.panels.delete(key);
    for (const pair of this.element.querySelectorAll(".pair:empty")) pair.remove();
  }

  // Whether one runs that is not among the panels any more.
  lacksRunning(states) {
    return Object.entries(states).some(([name, each]) => each.state === "running" && !this.panels.has(name));
  }

  setRadiograph(radiograph) {
    this.radiograph = radiograph;
    for (const panel of this.all) panel.setRadiograph(radiograph);
  }

  paint(those = this.all) {
    const shared = this.look.sameScale ? sharedScales(this.all, this.look) : new Map();
    for (const panel of those) panel.draw(this.look, shared.get(panel.unit) ?? null);
  }

  // What is in sight at once, the rest one by one: greys follow the hand however many panels there are.
  paintInTurn() {
    const turn = ++this.paintTurn, later = this.all.filter((panel) => !panel.inView);
    this.paint(this.all.filter((panel) => panel.inView));
    const next = () => {
      if (turn !== this.paintTurn || !later.length) return;
      this.paint([later.shift()]);
      setTimeout(next);
    };
    setTimeout(next);
  }
}
