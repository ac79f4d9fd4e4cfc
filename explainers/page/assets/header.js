const lens = window.cxrLens;
const name = element.querySelector("[data-network]");
const fallback = element.querySelector(".fallback");

function show(network) {
  const said = {loading: "is being loaded…", failed: "could not be loaded", ready: network.name};
  name.textContent = said[network.state];
  name.classList.toggle("waiting", network.state === "loading");
  fallback.textContent = network.notes.join(" ");
  fallback.hidden = network.notes.length === 0;
  lens.publish("network", network);
}

watch("value", () => { if (props.value) show(props.value); });
if (props.value) show(props.value);
