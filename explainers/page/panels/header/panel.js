// The head of the page: which network is in use.
import {readAddress, writeAddress} from "../../scripts/address.js";
import {create, parts} from "../../scripts/dom.js";
import {inUse} from "./change_over.js";

export function start(gradio) {
  new Header(gradio);
}

class Header {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {trigger, page, text, part: parts(root)});
    this.wanted = readAddress(window.location.search).network;
    // what the server said last; the network in use, and the one that the visitor chose, by name
    this.value = null;
    this.model = this.own = "";
    this.part("choice").addEventListener("change", () => this.choose(this.part("choice").value));
    this.part("retry").addEventListener("click", () => trigger("retry", {model: this.missing}));
    for (const channel of ["comparison", "testing"]) {
      page.subscribe(channel, () => {
        if (this.isHeld && !this.isBusy) window.setTimeout(() => this.show(this.value));
      });
    }
    onValue((value) => this.show(value));
  }

  get isBusy() {
    return Boolean(this.page.last("comparison")?.running || this.page.last("testing")?.running);
  }

  choose(model) {
    this.own = model;
    writeAddress(window, {network: model});
    this.trigger("choose", {model});
  }

  show(value) {
    if (value.error) return;
    const {page, part, text} = this, before = this.model, {networks} = value, names = Object.keys(networks);
    const isBusy = this.isBusy && networks[before]?.state === "ready";
    const {model, awaited, isHeld} = inUse(value, {before, own: this.own, isBusy});
    const network = {...networks[model], awaited}, choice = part("choice");
    const notes = [...network.notes, ...(networks[awaited]?.notes ?? [])];
    Object.assign(this, {value, model, isHeld, missing: awaited || model});
    choice.hidden = names.length < 2;
    choice.replaceChildren(...names.map((name) => create("option", {value: name}, name)));
    choice.value = model;
    part("network").textContent = choice.hidden && network.state === "ready" ? network.name : this.stateOf(network);
    part("network").classList.toggle("waiting", network.state !== "ready");
    part("notes").textContent = notes.join(" ");
    part("fallback").hidden = notes.length === 0;
    page.publish("networks", networks);
    page.publish("network", network);
    if (before && before !== model && !this.own && !awaited) page.announce(text("changed_over", {name: model}));
    // the network that the address names, once it is known that there is one
    const {wanted} = this;
    this.wanted = "";
    if (wanted && wanted !== model && names.includes(wanted)) this.choose(wanted);
  }

  // What stands beside the name: nothing once the network is there.
  stateOf({state, progress, name, inPlace, awaited}) {
    const {text} = this;
    if (state === "failed") return text("failed");
    if (awaited) return this.stateOfAwaited(awaited);
    if (state === "ready") return inPlace ? text("fallback", {name}) : "";
    return progress === null ? text("loading") : text("downloading", {percent: Math.round(100 * progress)});
  }

  stateOfAwaited(name) {
    const {state, progress} = this.value.networks[name], {text} = this;
    if (state === "loading" && progress !== null) return text("awaited", {name, percent: Math.round(100 * progress)});
    return text({ready: "awaited_ready", failed: "awaited_failed"}[state] ?? "awaited_loading", {name});
  }
}
