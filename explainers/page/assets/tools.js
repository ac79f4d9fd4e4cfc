// The bar of view tools: nearer and farther, contrast, inverted greys, maps hidden. All of it happens in the browser.
(() => {
  const lens = window.cxrLens;
  const {element, sight} = lens;
  const percent = (share) => `${Math.round(100 * share)} %`;

  lens.viewTools = (bar, row, hint) => {
    const shown = element("output", {class: "zoomed", "aria-label": "Magnification"});
    const farther = element("button", {type: "button", "aria-label": "Zoom out", onclick: () => sight.zoomBy(1 / 1.5)}, "−");
    const nearer = element("button", {type: "button", "aria-label": "Zoom in", onclick: () => sight.zoomBy(1.5)}, "+");
    const invert = element("button", {type: "button", onclick: () => sight.paint({invert: !sight.tone.invert})}, "Invert");
    const reset = element("button", {type: "button", onclick: () => sight.reset()}, "Reset");
    const {button, tell} = contrast(row, hint);
    bar.append(element("span", {class: "segments"}, farther, shown, nearer), button, invert, hiding(), reset);
    const refresh = () => {
      shown.textContent = percent(sight.zoom);
      farther.disabled = sight.zoom <= 1;
      nearer.disabled = sight.zoom >= 8;
      invert.setAttribute("aria-pressed", String(sight.tone.invert));
      reset.disabled = !sight.changed;
      tell();
    };
    for (const channel of ["sight", "tone"]) lens.subscribe(channel, refresh);
    refresh();
  };

  // Pressed shortly it stays, pressed for longer it lasts as long.
  function hiding() {
    const button = element("button", {type: "button", title: "Press shortly to hide the maps, or hold"}, "Hide maps");
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      sight.press();
    });
    for (const kind of ["pointerup", "pointercancel"]) button.addEventListener(kind, () => sight.release());
    // a click without a pointer: by keyboard, or by a program that speaks for the visitor
    button.addEventListener("click", (event) => { if (event.detail === 0) sight.paint({maps: !sight.tone.maps}); });
    lens.subscribe("tone", ({maps}) => button.setAttribute("aria-pressed", String(!maps)));
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  // A button, and the two sliders that it shows in the place of the bar's hint.
  function contrast(row, hint) {
    const slider = (name, least, title, said) => {
      const input = element("input", {type: "range", min: least, max: 100, step: 1, "data-tone": name});
      const value = element("output");
      input.addEventListener("input", () => sight.paint({[name]: Number(input.value) / 100}));
      row.append(element("label", {class: "field", title: said}, element("span", {}, title), input, value));
      return () => { input.value = String(Math.round(100 * sight.tone[name])); value.textContent = percent(sight.tone[name]); };
    };
    const tells = [
      slider("window", 5, "Window", "How many of the greys are spread from black to white"),
      slider("level", 0, "Level", "The grey in the middle of the window"),
    ];
    row.append(element("p", {class: "quiet"}, "Of the picture's greys. A report keeps them as they are in the file."));
    const button = element("button", {type: "button", "aria-expanded": "false"}, "Contrast");
    button.addEventListener("click", () => {
      row.hidden = !row.hidden;
      hint.hidden = !row.hidden;
      button.setAttribute("aria-expanded", String(!row.hidden));
    });
    return {button, tell: () => { for (const tell of tells) tell(); }};
  }
})();
