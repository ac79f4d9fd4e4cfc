// The tests: quick ones run by themselves after a comparison, the others on request; each only where it applies.
import {create, parts, tableHead} from "../../scripts/dom.js";
import {number, withUnit} from "../../scripts/numbers.js";

export function start(gradio) {
  new Measures(gradio);
}

class Measures {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {root, trigger, page, text, part: parts(root)});
    this.measures = page.settings.panels.measures.measures;
    this.chosen = new Set();
    // {panel: {measure: state}} of all tests of this comparison
    this.panels = {};
    this.run = 0;
    this.running = false;
    this.comparison = null;
    this.tested = "";
    this.offer();
    this.part("measure").addEventListener("click", () => this.measure([...this.chosen]));
    this.part("stop").addEventListener("click", () => this.stop());
    page.subscribe("explained", () => this.forget());
    page.subscribe("comparison", (value) => this.follow(value));
    this.refresh();
    onValue((value) => this.take(value));
  }

  offer() {
    const {part, text} = this;
    const quick = this.measures.filter((each) => each.quick), slow = this.measures.filter((each) => !each.quick);
    part("quick").textContent = text("quick", {tests: quick.map((each) => each.title).join(", ")});
    part("tests").replaceChildren(create("fieldset", {class: "chooser"},
      create("legend", {}, text("slow")), ...slow.map((each) => this.chip(each))));
  }

  // A test can be ticked unless it is known to apply to none of these maps; then its title says so.
  chip(measure) {
    const states = Object.values(this.panels).map((each) => each[measure.name]).filter(Boolean);
    const silent = states.length > 0 && states.every((each) => each.state === "silent");
    const box = create("input", {
      type: "checkbox", checked: this.chosen.has(measure.name) && !silent, disabled: silent,
      onchange: () => { this.chosen[box.checked ? "add" : "delete"](measure.name); this.refresh(); },
    });
    const reason = silent ? `${this.text("applies_none")}: ${states[0].sentence}` : measure.summary;
    return create("label", {class: silent ? "chip none" : "chip", title: reason},
      box, create("span", {}, measure.title));
  }

  // Quick tests run once nothing is computed any more.
  follow(comparison) {
    const {token, done, running} = comparison, subject = `${token} ${done.join()}`;
    this.comparison = comparison;
    // stored maps of a network that is not offered can't be tested
    if (this.page.last("scores")?.standIn) return;
    if (done.length && !running && this.tested !== subject) {
      this.tested = subject;
      this.measure(this.measures.filter((each) => each.quick).map((each) => each.name));
    }
    this.refresh();
  }

  measure(names) {
    if (!names.length || !this.comparison?.done.length) return;
    if (this.running) this.stop();
    this.run += 1;
    this.running = true;
    this.part("error").hidden = true;
    this.trigger("measure", {run: this.run, measures: names, panels: this.comparison.done});
    this.refresh();
  }

  stop() {
    if (!this.running) return;
    this.trigger("cancel", {run: this.run});
    this.end(this.text("stopped"));
  }

  end(sentence) {
    this.run += 1;
    this.running = false;
    this.part("now").textContent = sentence;
    this.refresh();
  }

  // A new comparison has other maps: what was found about the old ones goes.
  forget() {
    if (this.running) this.trigger("cancel", {run: this.run});
    this.end(this.text("waiting"));
    this.panels = {};
    this.tested = "";
    this.page.publish("measured", {panels: {}});
    this.summarise();
  }

  take(value) {
    const {part, text} = this;
    if (value.error) {
      this.end(text("none"));
      part("error").textContent = value.error.sentence;
      part("error").hidden = false;
    } else if (value.run === this.run) {
      for (const [panel, results] of Object.entries(value.panels)) {
        this.panels[panel] = {...this.panels[panel], ...results};
      }
      this.page.publish("measured", {token: value.token, panels: this.panels});
      this.summarise();
      if (value.done) this.finish(value);
      else part("now").textContent = text("running", {test: this.runningTest(value)});
    }
  }

  runningTest({panels}) {
    const states = Object.values(panels).flatMap((each) => Object.entries(each));
    const [name, state] = states.find(([, each]) => each.state === "running") ?? ["", {}];
    return [this.measures.find((each) => each.name === name)?.title ?? "", state.text].filter(Boolean).join(", ");
  }

  finish({panels}) {
    const count = new Set(Object.values(panels).flatMap((each) => Object.keys(each))).size;
    this.end(this.text("finished", {count}));
    this.page.announce(this.text("finished", {count}));
    this.offer();
  }

  // Verdict or figure of each test for each map, in one table.
  summarise() {
    const {part, panels, page, text} = this, keys = Object.keys(panels);
    const shown = this.measures.filter((each) => keys.some((key) => panels[key][each.name]?.state === "done"));
    part("summary").hidden = !shown.length;
    const titles = new Map(page.settings.explainers.map((each) => [each.name, each.title]));
    const name = (key) => [titles.get(key.split("@")[0]) ?? key, key.split("@")[1]].filter(Boolean).join(", ");
    const words = (measure, state) => {
      if (state?.state !== "done") return "–";
      const figure = state.value === null ? "" : withUnit(number(state.value), measure.unit);
      return [state.verdict, figure].filter(Boolean).join(", ") || text("without");
    };
    part("summary").replaceChildren(create("table", {}, tableHead("", ...keys.map(name)), create("tbody", {},
      ...shown.map((measure) => create("tr", {}, create("th", {scope: "row"}, measure.title),
        ...keys.map((key) => create("td", {}, words(measure, panels[key][measure.name]))))))));
  }

  refresh() {
    const {part, running} = this, ready = Boolean(this.comparison?.done.length) && !this.comparison.running;
    part("measure").disabled = !ready || !this.chosen.size || running;
    part("stop").hidden = !running;
    this.root.querySelector(".measures").setAttribute("aria-busy", String(running));
    this.page.publish("testing", {running});
  }
}
