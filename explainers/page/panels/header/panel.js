// The head of the page: which network is in use.
import {readAddress, writeAddress} from "../../scripts/address.js";
import {create, parts} from "../../scripts/dom.js";

export function start(gradio) {
  new Header(gradio);
}

class Header {
  constructor({root, trigger, onValue, page, text}) {
    Object.assign(this, {trigger, page, text, part: parts(root)});
    this.wanted = readAddress(window.location.search).network;
    this.part("choice").addEventListener("change", () => this.choose(this.part("choice").value));
    this.part("retry").addEventListener("click", () => trigger("retry", {model: page.last("network").model}));
    onValue((value) => this.show(value));
  }

  choose(model) {
    writeAddress(window, {network: model});
    this.trigger("choose", {model});
  }

  show({chosen, networks, error}) {
    if (error) return;
    const {page, part} = this, names = Object.keys(networks), network = networks[chosen], choice = part("choice");
    choice.hidden = names.length < 2;
    choice.replaceChildren(...names.map((name) => create("option", {value: name}, name)));
    choice.value = chosen;
    part("network").textContent = choice.hidden && network.state === "ready" ? network.name : this.stateOf(network);
    part("network").classList.toggle("waiting", network.state !== "ready");
    part("notes").textContent = network.notes.join(" ");
    part("fallback").hidden = network.notes.length === 0;
    page.publish("networks", networks);
    page.publish("network", network);
    // the network that the address names, once it is known that there is one
    const {wanted} = this;
    this.wanted = "";
    if (wanted && wanted !== chosen && names.includes(wanted)) this.choose(wanted);
  }

  // What stands beside the name: nothing once the network is there.
  stateOf({state, progress, name, inPlace}) {
    const {text} = this;
    if (state === "ready") return inPlace ? text("fallback", {name}) : "";
    if (state === "failed") return text("failed");
    return progress === null ? text("loading") : text("downloading", {percent: Math.round(100 * progress)});
  }
}
