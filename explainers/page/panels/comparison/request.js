// When a comparison can be asked for, and what it is asked for with.

// Radiograph and scores belong together, and to the network that is chosen. The network itself may still be loading:
// what needs it waits for it.
export function isReady({network, radiograph, scores}) {
  return Boolean(network && radiograph && scores?.findings && scores.token === radiograph.token
    && scores.model === network.model);
}

export function compareRequest({run, second, network, finding, options}, explainers) {
  return {
    run, finding, explainers,
    options: Object.fromEntries(explainers.map((name) => [name, options[name]])),
    networks: second?.kind === "network" ? [network.model, second.name] : [network.model],
    second: second?.kind === "finding" ? second.name : "",
  };
}
