// A grid of buttons over the radiograph, a cell each, with its number and its colour.
import {create} from "../../scripts/dom.js";
import {decimalsFor, signed} from "../../scripts/numbers.js";
import {Picture} from "../../scripts/picture.js";

// Numbers fit into a cell up to this many of them along a side.
const MOST_NUMBERED = 10;
// Numbers below this share of the largest are in a lighter weight.
const FAINT = 0.1;

export class CellGrid {
  // elements: {canvas, bar, ticks, grid}; onChoose(cell), onNear(cell or null)
  constructor(page, {canvas, bar, ticks, grid}, {onChoose, onNear}) {
    Object.assign(this, {canvas, ticks, grid, onChoose, onNear});
    this.picture = new Picture(page, canvas, bar);
  }

  get cells() {
    return [...this.grid.children];
  }

  // Lays the grid on the part of the radiograph that the network sees.
  fill(account, radiograph) {
    this.account = account;
    const {rows, columns, crop: [top, left, height, width]} = account.book;
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(this.grid.style, {
      top: share(top, radiograph.height), left: share(left, radiograph.width),
      height: share(height, radiograph.height), width: share(width, radiograph.width),
      gridTemplate: `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))`,
    });
    this.grid.classList.toggle("wordless", Math.max(rows, columns) > MOST_NUMBERED);
    this.grid.replaceChildren(...Array.from({length: account.size}, (_, cell) => this.button(cell)));
    this.picture.setRadiograph(radiograph);
    this.canvas.parentElement.style.aspectRatio = `${radiograph.width} / ${radiograph.height}`;
  }

  button(cell) {
    return create("button", {
      type: "button", class: "cell", tabindex: cell ? -1 : 0, "aria-pressed": "false",
      onclick: () => this.onChoose(cell),
      onfocus: () => this.onNear(cell), onblur: () => this.onNear(null),
      onpointerenter: () => this.onNear(cell), onpointerleave: () => this.onNear(null),
      onkeydown: (event) => this.walk(event, cell),
    });
  }

  // values: by cell, undefined where they are not known; kind: what a value is, in words
  write(values, kind) {
    const known = values.filter((each) => each !== undefined);
    const decimals = Math.max(2, decimalsFor(known.length ? known : [1]));
    const largest = Math.max(...known.map(Math.abs), 0);
    this.cells.forEach((button, cell) => {
      const value = values[cell], text = value === undefined ? "" : signed(value, decimals);
      button.textContent = text;
      button.classList.toggle("quietly", value !== undefined && Math.abs(value) < FAINT * largest);
      const {account} = this, place = account.place(cell);
      button.setAttribute("aria-label", value === undefined ? account.text("cell_waiting", {place})
        : account.text("cell_aloud", {place, value: text, kind}));
    });
  }

  draw(values, look, title) {
    const {rows, columns, crop} = this.account.book;
    this.picture.forget();
    this.picture.setMap({
      values: Float32Array.from(values), rows, columns, crop, unit: "logit", findingTitle: title,
    });
    const {ticks} = this.picture.draw(look, null);
    this.ticks.replaceChildren(...ticks.map((tick) => create("span", {}, tick)));
  }

  drawNothing() {
    this.picture.forget();
    this.picture.drawGrey();
    this.picture.bar.hidden = true;
    this.ticks.replaceChildren();
  }

  press(chosen) {
    this.cells.forEach((button, cell) => button.setAttribute("aria-pressed", String(cell === chosen)));
  }

  // Arrow keys go from cell to cell, Home and End to the ends of a row.
  walk(event, cell) {
    const {rows, columns} = this.account.book, row = Math.floor(cell / columns), column = cell % columns;
    const [nextRow, nextColumn] = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1], Home: [row, 0], End: [row, columns - 1],
    }[event.key] ?? [-1, -1];
    if (event.key in {ArrowUp: 1, ArrowDown: 1, ArrowLeft: 1, ArrowRight: 1, Home: 1, End: 1}) event.preventDefault();
    if (nextRow < 0 || nextColumn < 0 || nextRow >= rows || nextColumn >= columns) return;
    const next = this.cells[nextRow * columns + nextColumn];
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
