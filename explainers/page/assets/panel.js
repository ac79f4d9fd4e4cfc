// A panel: one explainer's picture, its state, and its options.
(() => {
  const lens = window.cxrLens;
  const {element} = lens;

  lens.Panel = class {
    // network(): what the page knows of the network; told.rerun(), told.drawn(): what the bench does then;
    // beside: {kind: "finding" or "network", name, title} of what stands beside, if this panel belongs to that
    constructor(explainer, options, network, told, beside = null) {
      this.beside = beside;
      this.asked = beside?.kind === "network" ? beside.name : "";
      this.explainer = explainer;
      this.options = options;
      this.network = network;
      this.told = told;
      this.state = "idle";
      this.shownMap = null;
      this.build();
      this.picture = new lens.Picture(this.canvas, this.bar, lens.sight);
      this.rest();
      this.ends.push(
        lens.subscribe("point", (point) => this.point(point)),
        lens.subscribe("measured", (value) => this.test(value)),
        lens.subscribe("marking", ({on}) => this.frame.classList.toggle("marking", on)),
        lens.subscribe("box", () => this.box()),
        lens.subscribe("sight", () => { lens.sight.place(this.stage); this.box(); }),
        lens.subscribe("tone", ({maps}) => this.frame.classList.toggle("bare", !maps)),
      );
    }

    // Nobody sees it any more.
    leave() {
      this.root.remove();
      for (const end of this.ends) end();
    }

    get unit() {
      return this.explainer.unit;
    }

    build() {
      const id = `panel-${this.explainer.name}${this.beside ? "-beside" : ""}`;
      const {kind, name, title} = this.beside ?? {};
      this.whose = element("span", {class: "whose", id: `${id}-whose`}, title ?? "");
      this.canvas = element("canvas", {role: "img", width: 1, height: 1});
      this.words = element("p", {class: "words"});
      this.line = element("div", {class: "progress", role: "progressbar", "aria-label": `Progress of ${this.explainer.title}`, hidden: true}, element("i"));
      const {hair, end} = lens.crosshair(() => this.filled);
      this.mark = element("div", {class: "mark", hidden: true, "aria-hidden": "true"});
      this.hatch = element("canvas", {class: "hatch", "aria-hidden": "true", hidden: true});
      this.stage = element("div", {class: "stage"}, this.canvas, this.hatch);
      this.here = element("span", {class: "here"});
      this.frame = element("div", {class: "frame", tabindex: "0", role: "group",
        "aria-label": `${this.explainer.title}: arrow keys read values, plus and minus zoom, 0 shows all, I inverts, H hides the map`},
        this.stage, this.words, this.mark, hair, this.here, this.line);
      this.bar = element("canvas", {class: "bar", "aria-hidden": "true", hidden: true});
      this.ticks = element("div", {class: "ticks"});
      this.note = element("p", {class: "note quiet"});
      this.facts = element("p", {class: "facts quiet"});
      this.alike = element("p", {class: "alike quiet"});
      this.found = element("dl", {class: "found", "aria-label": `Tests of ${this.explainer.title}`});
      this.root = element("article", {class: "panel", "aria-labelledby": `${id} ${id}-whose`, "data-explainer": this.explainer.name, [`data-${kind === "network" ? "model" : "second"}`]: name},
        element("div", {class: "panel-head"},
          element("h3", {id}, this.explainer.title), this.whose,
          this.explainer.control ? element("span", {class: "quiet"}, "control") : null),
        this.frame, element("div", {class: "legend"}, this.bar, this.ticks), this.note, this.facts, this.alike, this.found, this.optionsBox());
      this.listen();
      this.ends = [end];
    }

    get key() {
      return this.beside ? `${this.explainer.name}@${this.beside.name}` : this.explainer.name;
    }

    get filled() {
      return Boolean(this.picture?.radiograph);
    }

    get inView() {
      const {top, bottom, left, right} = this.frame.getBoundingClientRect();
      return bottom > 0 && right > 0 && top < window.innerHeight && left < window.innerWidth;
    }

    // How the map that stands beside goes with the first one: Spearman's rank correlation.
    liken(correlation, whose) {
      this.alike.textContent = correlation === undefined ? "" :
        `Rank correlation with the map of ${whose}: ${lens.minus(correlation.toFixed(2))} (1: the same order of places, 0: none, −1: the reverse).`;
    }

    // What the tests found about this map: the figure, in words, and what the test is.
    test({panels, token}) {
      const found = panels[this.key] ?? {};
      this.hatch.hidden = true;
      const shown = lens.settings.measures.filter((each) => found[each.name] && found[each.name].state !== "running");
      const silent = shown.filter((each) => found[each.name].state === "silent");
      this.found.replaceChildren(...shown.filter((each) => !silent.includes(each)).flatMap((each) => {
        const news = found[each.name];
        if (news.hatched) this.hatched(news.hatched, token);
        const figure = news.state === "done" && news.value !== null ? lens.number(news.value) : "";
        return [
          element("dt", {}, each.title, figure ? element("span", {class: "figure"}, lens.withUnit(figure, each.unit)) : null,
            news.verdict ? element("span", {class: "verdict"}, news.verdict) : null),
          element("dd", {class: news.state === "done" ? null : "silent"}, lens.minus(news.sentence),
            element("details", {}, element("summary", {}, "What is this?"), each.summary, " ", each.reference)),
        ];
      }), ...(silent.length ? [
        element("dt", {class: "silent"}, "Not for this map"),
        element("dd", {class: "silent"}, element("details", {}, element("summary", {}, silent.map((each) => each.title).join(", ")),
          silent.map((each) => `${each.title}: ${found[each.name].sentence}`).join(" "))),
      ] : []));
    }

    // Cells whose sign is unsettled, hatched over the picture.
    async hatched(news, token) {
      const values = await lens.map(token, news.map);
      const {width, height} = this.picture.radiograph ?? {};
      if (!width || this.state !== "done") return;
      this.hatch.width = width;
      this.hatch.height = height;
      const pen = this.hatch.getContext("2d"), [top, left, tall, wide] = news.crop;
      pen.strokeStyle = "rgb(255 255 255 / 70%)";
      pen.lineWidth = Math.max(1, width / 400);
      const down = tall / news.rows, across = wide / news.columns, gap = width / 60;
      for (let row = 0; row < news.rows; row += 1) {
        for (let column = 0; column < news.columns; column += 1) {
          if (!values[row * news.columns + column]) continue;
          const x = left + column * across, y = top + row * down;
          pen.save();
          pen.beginPath();
          pen.rect(x, y, across, down);
          pen.clip();
          pen.beginPath();
          for (let at = -down; at < across; at += gap) { pen.moveTo(x + at, y + down); pen.lineTo(x + at + down, y); }
          pen.stroke();
          pen.restore();
        }
      }
      this.hatch.hidden = false;
    }

    optionsBox() {
      // both sides are asked with the same options, which stand below the first
      if (!this.explainer.options.length || this.beside) return null;
      this.again = element("button", {type: "button", onclick: () => this.told.rerun()}, "Explain again");
      this.again.disabled = true;
      const box = element("details", {class: "settings"}, element("summary", {}, "Options"));
      const fill = () => {
        const controls = lens.optionControls(this.explainer, this.options, this.network(), (name, value) => {
          this.options[name] = value;
          this.again.disabled = this.state === "idle";
        });
        box.replaceChildren(box.firstChild, controls, this.again);
      };
      // filled when it is opened: the layers are known only once the network is there
      box.addEventListener("toggle", () => { if (box.open) fill(); });
      return box;
    }

    // Whose explanation this is, where there are two: in words, and the network that was asked if that is what differs.
    tell(words, asked = "") {
      this.whose.textContent = words;
      this.asked = asked;
    }

    listen() {
      lens.handle(this.frame, this.stage, () => this.filled);
      this.frame.addEventListener("click", (event) => {
        if (!this.filled || !lens.last("marking")?.on) return;
        const box = this.stage.getBoundingClientRect();
        lens.publish("mark", {y: (event.clientY - box.top) / box.height, x: (event.clientX - box.left) / box.width});
      });
      this.frame.addEventListener("keydown", (event) => this.walk(event));
    }

    // The region that is marked, over the picture.
    box() {
      const {top, left, height, width} = lens.last("box") ?? {};
      this.mark.hidden = top === undefined;
      if (this.mark.hidden) return;
      const share = (value) => `${100 * value}%`, corner = lens.sight.seen({y: top, x: left}), {zoom} = lens.sight;
      Object.assign(this.mark.style, {top: share(corner.y), left: share(corner.x), height: share(height * zoom), width: share(width * zoom)});
    }

    walk(event) {
      if (event.key === "Enter" && lens.last("marking")?.on && lens.last("point")?.y >= 0) {
        event.preventDefault();
        lens.publish("mark", lens.last("point"));
        return;
      }
      const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
      const step = steps[event.key];
      if (!step || !this.filled) return;
      event.preventDefault();
      const {sight} = lens, length = (event.shiftKey ? 0.1 : 0.02) / sight.zoom;
      const {y = sight.y, x = sight.x} = lens.last("point") ?? {};
      const inside = (share) => Math.min(0.999, Math.max(0, share));
      const point = {y: inside(y + step[0] * length), x: inside(x + step[1] * length)};
      sight.follow(point);
      lens.publish("point", point);
      if (this.here.textContent) lens.announce(`${this.explainer.title}: ${this.here.textContent}`);
    }

    // This map's value at the cross-hair, out of its way.
    point({y, x}) {
      this.here.textContent = "";
      this.here.classList.toggle("above", lens.sight.seen({y, x}).y > 0.85);
      if (!(y >= 0 && y < 1 && x >= 0 && x < 1) || !this.filled || this.state !== "done" || !this.picture.map) return;
      const {width, height} = this.picture.radiograph;
      const value = this.picture.valueAt(Math.floor(y * height), Math.floor(x * width), this.cells ?? false);
      this.here.textContent = Number.isNaN(value) ? "not seen by the network" : lens.withUnit(lens.number(value), this.unit);
    }

    setRadiograph(radiograph) {
      this.picture.setRadiograph(radiograph);
      this.shownMap = null;
      this.frame.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
      this.rest();
    }

    // Nothing asked for yet: what this explainer does, where its picture will be.
    rest() {
      this.set("idle");
      this.words.textContent = this.explainer.summary;
      this.clear();
      this.describe("No explanation yet.");
    }

    wait() {
      this.set("waiting");
      this.words.textContent = "";
      this.clear();
      this.facts.textContent = "Waiting for the others.";
      this.picture.drawGrey();
      this.describe("Waiting.");
    }

    stop() {
      if (this.state !== "waiting" && this.state !== "running") return;
      this.set("cancelled");
      this.clear();
      this.words.textContent = "Stopped.";
      this.describe("Stopped before it was done.");
    }

    set(state) {
      this.state = state;
      this.root.dataset.state = state;
      this.line.hidden = state !== "running" && state !== "waiting";
      if (this.again && state === "done") this.again.disabled = true;
    }

    clear() {
      this.picture?.forget();
      this.shownMap = null;
      this.bar.hidden = true;
      this.ticks.replaceChildren();
      this.note.textContent = "";
      this.facts.textContent = "";
      this.facts.removeAttribute("title");
      this.alike.textContent = "";
      this.found?.replaceChildren();
      if (this.hatch) this.hatch.hidden = true;
    }

    // News of this panel from the server.
    take(news, token) {
      if (news.state === "running") this.work(news, token);
      else if (news.state === "done") this.finish(news, token);
      else if (news.state === "cancelled") this.stop();
      else if (news.state === "failed" && this.state !== "failed") this.fail(news);
    }

    work(news, token) {
      this.set("running");
      const known = news.fraction !== null;
      this.line.classList.toggle("unknown", !known);
      this.line.firstChild.style.width = known ? `${100 * news.fraction}%` : "";
      if (known) this.line.setAttribute("aria-valuenow", String(Math.round(100 * news.fraction)));
      else this.line.removeAttribute("aria-valuenow");
      this.facts.textContent = [news.text || "Computing", known ? `${Math.round(100 * news.fraction)} %` : ""].filter(Boolean).join(", ");
      if (news.preview) this.load(news.preview, token);
    }

    finish(news, token) {
      this.set("done");
      this.words.textContent = "";
      const {forward, backward} = news.passes, passes = forward + backward;
      const cost = passes ? `${passes.toLocaleString("en-US")} ${passes === 1 ? "pass" : "passes"}` : "no pass of its own";
      // another network may have taken the place of the one that was asked for
      if (this.asked) this.whose.textContent = news.source === this.asked ? this.asked : `${news.network}, for ${this.asked}`;
      this.facts.title = `Through the network: ${forward} forward, ${backward} backward`;
      this.facts.textContent = `${lens.seconds(news.seconds)}, ${cost}, ${news.columns} × ${news.rows} cells`;
      this.finding = news.finding;
      this.load(news, token);
    }

    fail({reason}) {
      this.set("failed");
      this.clear();
      this.words.replaceChildren(element("strong", {}, "This explainer gave no map."), " ", reason);
      this.describe(`Failed: ${reason}`);
    }

    async load(news, token) {
      if (this.shownMap === news.map) return;
      this.shownMap = news.map;
      try {
        const values = await lens.map(token, news.map);
        if (this.shownMap !== news.map) return;
        const {width, height} = this.picture.radiograph;
        const finding = lens.settings.findings[news.finding ?? this.finding];
        this.picture.setMap({
          values, rows: news.rows, columns: news.columns, crop: news.crop,
          unit: this.unit, findingTitle: finding?.title ?? "",
        });
        this.told.drawn();
      } catch (problem) {
        // a partial map may have been replaced before it was fetched; the next one comes
        if (this.shownMap === news.map && this.state === "done") this.fail({reason: problem.message});
      }
    }

    ownScale(view) {
      return this.state === "done" && this.picture.map ? lens.ownScale(this.picture.map.extremes, view) : null;
    }

    draw(look, scale) {
      if (!this.picture.map || !["done", "running"].includes(this.state)) {
        if (this.filled) this.picture.drawGrey();
        return;
      }
      this.cells = look.cells;
      const {empty, ticks, note} = this.picture.draw(look, scale);
      this.words.textContent = empty ?? "";
      this.root.classList.toggle("empty", Boolean(empty));
      this.ticks.replaceChildren(...ticks.map((tick) => element("span", {}, tick)));
      const legend = lens.settings.colourMaps[look.colourMap].legend;
      this.note.textContent = [look.view === "signed" && !empty ? legend : "", note].filter(Boolean).join(" ");
      this.describe(this.said(look, empty, ticks));
    }

    said(look, empty, ticks) {
      const finding = lens.settings.findings[this.finding]?.title ?? "";
      if (this.state === "running") return `${this.explainer.title} of ${finding}, not finished yet.`;
      if (empty) return `${this.explainer.title} of ${finding}: ${empty}`;
      const {extremes} = this.picture.map;
      const direction = extremes.maximum > 0 ? "raises" : "lowers";
      const value = lens.withUnit(lens.number(extremes.maximum > 0 ? extremes.maximum : extremes.minimum), this.unit);
      const synthetic = this.picture.radiograph.synthetic ? "synthetic " : "";
      return `${this.explainer.title} of ${finding} on the ${synthetic}radiograph, ${look.view} view. `
        + `What ${direction} the score most, ${value}, lies in ${this.picture.strongestPlace()}.`;
    }

    describe(sentence) {
      this.canvas.setAttribute("aria-label", sentence);
    }
  };
})();
