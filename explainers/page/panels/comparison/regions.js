// Regions of the maps, where the visitor wants them: outlined on each map and listed below it, beside the guess from
// other patients and the box of whole cells. They show where a map is hottest, and detect nothing.
import {create} from "../../scripts/dom.js";
import {percent} from "../../scripts/numbers.js";

// A map of pixels has many small regions; all are outlined, and in the exported record.
const MOST_LISTED = 3;
const SVG = "http://www.w3.org/2000/svg";

// panels(): {panel: MapPanel} of what is on the screen
export class Regions {
  constructor(page, panels) {
    Object.assign(this, {page, panels, words: page.text("regions"), shown: "", turn: 0});
    page.subscribe("comparison", (comparison) => this.follow(comparison));
  }

  // What is on the screen changes often while it is drawn; regions only with the maps or the share.
  follow({token, look, done, running}) {
    const share = running ? 0 : look.regions, maps = done.map((key) => `${key} ${this.panels().get(key)?.shownMap}`);
    const wanted = share && maps.length ? `${token} ${share} ${maps.join()}` : "";
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.clear();
    if (wanted) this.load(token, share, done);
  }

  async load(token, share, done) {
    const turn = ++this.turn, query = new URLSearchParams({regions: share, panels: done.join()});
    const answer = await fetch(this.page.address(`sessions/${token}/regions.json?${query}`)).catch(() => null);
    const found = answer && await answer.json();
    if (turn !== this.turn) return;
    for (const key of done) {
      const panel = this.panels().get(key);
      if (panel && found?.[key]) this.show(panel, found[key]);
      else if (panel) this.place(panel, [create("p", {}, found?.sentence ?? this.words("failed"))]);
    }
  }

  clear() {
    this.turn += 1;
    for (const {root} of this.panels().values()) {
      for (const each of root.querySelectorAll(".outlines, .regions")) each.remove();
    }
  }

  show(panel, record) {
    const {words} = this, {regions, guess} = record;
    panel.stage.append(drawn(record));
    const items = regions.slice(0, MOST_LISTED).map((each, at) => create("li", {}, words("item", {
      number: at + 1, box: this.box(each.box), area: percent(each.area), mass: percent(each.mass),
      cells: this.box(each.whole_cells),
    })));
    const more = regions.length - items.length;
    if (more > 0) items.push(create("li", {}, words("smaller", {count: more})));
    const guessed = guess.map(({box}) => this.box(box)).join("; ");
    this.place(panel, [
      items.length ? create("ul", {}, ...items) : create("p", {}, words("none")),
      create("p", {}, guessed ? words("guess", {boxes: guessed}) : words("no_guess")),
      create("p", {}, words("notice")),
    ], record.share);
  }

  // Among the notes below the map, where the panels' rows stay aligned.
  place({root, explainer}, content, share = 0) {
    const title = share ? this.words("title", {share: percent(share)}) : this.words("regions");
    root.querySelector(".notes").append(create(
      "div", {class: "regions", role: "group", "aria-label": `${title}, ${explainer.title}`},
      create("h4", {}, title), ...content));
  }

  box({left, top, width, height}) {
    const rounded = Object.entries({left, top, width, height}).map(
      ([name, value]) => [name, Math.round(value).toLocaleString("en-US")]);
    return this.words("box", Object.fromEntries(rounded));
  }
}

// Outlines in the image's own pixels, over the whole picture: of the map, and dashed of the guess.
function drawn({regions, guess, image_size: [height, width]}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "outlines");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [kind, list] of [["guess", guess], ["halo", regions], ["own", regions]]) {
    for (const {outline} of list) {
      const line = document.createElementNS(SVG, "polygon");
      line.setAttribute("points", outline.map((point) => point.join()).join(" "));
      line.setAttribute("class", kind);
      svg.append(line);
    }
  }
  return svg;
}
