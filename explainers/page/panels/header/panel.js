import {create, parts} from "../../scripts/dom.js";

export function start({root, trigger, onValue, page}) {
  const part = parts(root);
  const choice = part("choice");

  // What stands beside the name: nothing once the network is there.
  function stateOf({state, progress, name, inPlace}) {
    if (state === "ready") return inPlace ? `${name} in its place` : "";
    if (state === "failed") return "could not be loaded";
    return progress === null ? "is being loaded…" : `is being downloaded, ${Math.round(100 * progress)} %`;
  }

  function show({chosen, networks}) {
    const names = Object.keys(networks), network = networks[chosen];
    choice.hidden = names.length < 2;
    choice.replaceChildren(...names.map((name) => create("option", {value: name}, name)));
    choice.value = chosen;
    const said = stateOf(network);
    part("network").textContent = choice.hidden && network.state === "ready" ? network.name : said;
    part("network").classList.toggle("waiting", network.state !== "ready");
    part("notes").textContent = network.notes.join(" ");
    part("fallback").hidden = network.notes.length === 0;
    page.publish("networks", networks);
    page.publish("network", network);
  }

  choice.addEventListener("change", () => trigger("choose", {model: choice.value}));
  // Followed as an address it would leave the page, whose address has changed: Gradio's document has a base of its own.
  root.querySelector(".to-about").addEventListener("click", (event) => {
    const title = document.getElementById("about-title");
    if (!title) return;
    event.preventDefault();
    title.scrollIntoView();
    title.focus({preventScroll: true});
  });
  part("retry").addEventListener("click", () => trigger("retry", {model: page.last("network").model}));

  onValue(show);
}
