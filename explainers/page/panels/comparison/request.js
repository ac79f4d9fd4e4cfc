// When a comparison can be asked for, what it is asked for with, and how the page's address names it.
import {writeAddress} from "../../scripts/address.js";

// Radiograph and scores belong together, and to the network that is chosen. The network itself may still be loading:
// what needs it waits for it.
export function isReady({network, radiograph, scores}) {
  return Boolean(network && radiograph && scores?.findings && scores.token === radiograph.token
    && scores.model === network.model);
}

export function compareRequest({run, second, network, finding, options, explainers: declared}, names) {
  const changed = (name) => changedOptions(declared.get(name).options, options[name], network.layers);
  return {
    run, finding, explainers: names,
    options: Object.fromEntries(names.map((name) => [name, changed(name)])),
    networks: second?.kind === "network" ? [network.model, second.name] : [network.model],
    second: second?.kind === "finding" ? second.name : "",
  };
}

// What differs from the defaults, which each network may have its own of. A layer that was chosen for another network,
// and that this one lacks, gives way to its default too.
export function changedOptions(declared, values, layers) {
  const isMeant = ({name, kind, default: usual}) => values[name] !== usual
    && !(kind === "layer" && layers && !layers.includes(values[name]));
  return Object.fromEntries(declared.filter(isMeant).map(({name}) => [name, values[name]]));
}

// Reload and a shared link bring the same comparison.
export function rememberInAddress({finding, second, look, chosenInOrder}) {
  writeAddress(window, {
    finding, explainers: chosenInOrder.join(","), view: look.view === "positive" ? "" : look.view,
    second: second?.kind === "finding" ? second.name : "",
  });
}
