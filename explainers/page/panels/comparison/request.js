// When a comparison can be asked for, and what it is asked for with.

// Radiograph, scores and network belong together.
export function isReady({network, radiograph, scores}) {
  return Boolean(network?.state === "ready" && radiograph && scores?.findings
    && scores.token === radiograph.token && scores.model === network.model);
}

export function compareRequest({run, second, network, finding, options}, explainers) {
  return {
    run, finding, explainers,
    options: Object.fromEntries(explainers.map((name) => [name, options[name]])),
    networks: second?.kind === "network" ? [network.model, second.name] : [network.model],
    second: second?.kind === "finding" ? second.name : "",
  };
}
