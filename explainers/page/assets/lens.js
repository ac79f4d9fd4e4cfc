// What all parts of the page share: words, numbers, addresses, and channels between components.
(() => {
  const lens = window.cxrLens;
  const channels = new Map();

  function channel(name) {
    if (!channels.has(name)) channels.set(name, {value: null, listeners: new Set()});
    return channels.get(name);
  }

  // Components come to life in any order: a late listener is told the last value at once.
  lens.publish = (name, value) => {
    channel(name).value = value;
    for (const listener of channel(name).listeners) listener(value);
  };

  // Returns what ends the subscription.
  lens.subscribe = (name, listener) => {
    channel(name).listeners.add(listener);
    if (channel(name).value !== null) listener(channel(name).value);
    return () => channel(name).listeners.delete(listener);
  };

  lens.last = (name) => channel(name).value;

  // Under a proxy the page may live in a folder; its origin is always the browser's own.
  lens.address = (place) => {
    const root = new URL(window.gradio_config?.root || "/", window.location.href).pathname.replace(/\/$/, "");
    return `${root}/${place}`;
  };

  lens.element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  // Two significant digits, a true minus, "0" for zero; as explainers.pictures.number.
  lens.number = (value, significant = 2) => {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size < 1e-6 || size >= 1e6) {
      const [digits, exponent] = value.toExponential(significant - 1).split("e");
      return `${digits}e${Number(exponent)}`.replaceAll("-", "−");
    }
    const rounded = Number(value.toPrecision(significant));
    const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(rounded)) + 1e-12));
    return rounded.toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals})
      .replace("-", "−");
  };

  // Two numbers that are compared: with as many digits as it takes to tell them apart.
  lens.apart = (value, other) => {
    const digits = [2, 3, 4].find((each) => value === other || lens.number(value, each) !== lens.number(other, each)) ?? 4;
    return [lens.number(value, digits), lens.number(other, digits)];
  };

  // A true minus before the numbers of a sentence.
  lens.minus = (sentence) => sentence.replace(/(^|[\s(\[])-(?=\d)/g, "$1−");

  lens.withUnit = (text, unit) => (unit && unit !== "none" ? `${text} ${unit}` : text);

  // Among controls a title need not say that it is one.
  lens.short = (explainer) => (explainer.control ? explainer.title.replace(/^Control: /, "").replace(/^./, (first) => first.toUpperCase()) : explainer.title);

  lens.percent = (share) => `${lens.number(100 * share)} %`;

  lens.seconds = (value) => (value < 0.01 ? "under 0.01 s" : `${lens.number(value)} s`);

  // One polite voice for the whole page, since several live regions talk over each other.
  lens.announce = (sentence) => {
    let voice = document.getElementById("lens-voice");
    if (!voice) {
      voice = lens.element("div", {id: "lens-voice", role: "status", "aria-live": "polite", class: "unseen"});
      document.body.append(voice);
    }
    if (voice.textContent !== sentence) voice.textContent = sentence;
  };

  const maps = new Map();

  // A map's values, fetched once.
  lens.map = (token, place) => {
    if (!maps.has(place)) maps.set(place, fetched(`sessions/${token}/maps/${place}`));
    return maps.get(place);
  };

  lens.forgetMaps = () => maps.clear();

  async function fetched(place) {
    const answer = await fetch(lens.address(place));
    if (answer.status === 204) throw new Error("This map was put away. Compare again.");
    if (!answer.ok) throw new Error((await answer.json()).sentence);
    return new Float32Array(await answer.arrayBuffer());
  }
})();
