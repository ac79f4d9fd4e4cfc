// Agreement of the maps: a table of pairs, and a picture of the places that most explainers call hot.
import {create, parts, tableHead} from "../../scripts/dom.js";
import {minus} from "../../scripts/numbers.js";
import {Picture} from "../../scripts/picture.js";

export function start(gradio) {
  new AgreementPanel(gradio);
}

class AgreementPanel {
  constructor({root, page, text}) {
    Object.assign(this, {page, text, part: parts(root)});
    this.picture = new Picture(page, this.part("picture"), this.part("bar"), page.sight);
    this.shown = null;
    page.subscribe("agreement", (value) => this.show(value));
    page.subscribe("explained", () => this.forget());
    page.subscribe("tone", () => this.paint());
    page.subscribe("sight", () => page.sight.place(this.part("picture")));
  }

  forget() {
    this.shown = null;
    this.part("body").hidden = true;
    this.part("text").textContent = this.text("waiting");
  }

  show({token, agreement}) {
    if (!agreement) {
      this.forget();
      return;
    }
    const {part, text} = this, {titles, explainers, counted: count} = agreement;
    const titleOf = (name) => titles[explainers.indexOf(name)];
    const pairs = agreement.same_by_algebra.map(
      ([one, other]) => text("pair", {one: titleOf(one), other: titleOf(other)}));
    this.shown = agreement;
    part("body").hidden = false;
    part("text").textContent = [text("matrix"), pairs.length ? text("same", {pairs: pairs.join("; ")}) : ""]
      .filter(Boolean).join(" ");
    part("matrix").replaceChildren(matrix(agreement));
    part("legend").textContent = text("legend", {count});
    this.draw(token);
  }

  async draw(token) {
    const {page, part, picture, shown, text} = this, radiograph = page.last("radiograph");
    if (!radiograph) return;
    const values = await page.maps.get(token, shown.map);
    if (this.shown !== shown) return;
    picture.setRadiograph(radiograph);
    part("picture").parentElement.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
    picture.setMap({values, rows: shown.rows, columns: shown.columns, crop: shown.crop, unit: text("unit")});
    this.paint();
    part("picture").setAttribute("aria-label", text("alt", {place: picture.strongestPlace()}));
  }

  paint() {
    const colourMap = this.page.settings.suited.positive[0];
    if (this.picture.map) this.picture.draw({view: "positive", opacity: 0.6, colourMap, cells: true, smooth: false}, 1);
  }
}

function matrix({titles, explainers, spearman, shared_top_tenth: shared, pair}) {
  const least = pair.map((name) => explainers.indexOf(name));
  const words = (row, column) => (row === column ? ""
    : `${minus(spearman[row][column].toFixed(2))} (${Math.round(100 * shared[row][column])} %)`);
  const rows = titles.map((title, row) => create("tr", {}, create("th", {scope: "row"}, title),
    ...titles.map((_, column) => create("td", {
      class: row !== column && least.includes(row) && least.includes(column) ? "least" : null,
    }, words(row, column)))));
  return create("table", {}, tableHead("", ...titles), create("tbody", {}, ...rows));
}
