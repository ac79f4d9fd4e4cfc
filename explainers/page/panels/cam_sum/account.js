// The sum of one network: what each cell adds to each logit, and what covering its pixels takes away. No document.
import {sum} from "../../scripts/numbers.js";

export class Account {
  // book: the server's answer {layer, rows, columns, crop, model, findings: {name: {title, cells, bias, logit, …}}}
  // text: the panel's sentences
  constructor(book, text) {
    this.book = book;
    this.text = text;
    this.size = book.rows * book.columns;
    // {finding: logits by cell}, and Spearman's ρ by finding once every square was covered
    this.covered = {};
    this.correlations = {};
  }

  of(finding) {
    return this.book.findings[finding];
  }

  place(cell) {
    const {columns} = this.book;
    return this.text("place", {row: Math.floor(cell / columns) + 1, column: (cell % columns) + 1});
  }

  // Cells, the largest share first.
  order(finding) {
    const {cells} = this.of(finding);
    return cells.map((_, cell) => cell).sort((one, other) => Math.abs(cells[other]) - Math.abs(cells[one]));
  }

  // The logit with a cell's pixels covered; undefined where it isn't known.
  without(finding, cell) {
    return this.covered[finding]?.[cell];
  }

  // What covering takes away, by cell; undefined where it isn't known.
  falls(finding) {
    const {logit} = this.of(finding);
    return Array.from({length: this.size}, (_, cell) => {
      const after = this.without(finding, cell);
      return after === undefined ? undefined : logit - after;
    });
  }

  known(finding) {
    return this.falls(finding).filter((each) => each !== undefined);
  }

  // Takes what covering gave: {places, logits: {finding: values}, agree, done, whole}.
  take({places, logits, agree, done, whole}) {
    for (const [name, values] of Object.entries(logits)) {
      this.covered[name] ??= [];
      places.forEach((cell, at) => { this.covered[name][cell] = values[at]; });
    }
    if (done && places.length === whole) this.correlations = agree;
  }

  // Bias, what raises and what lowers among the largest cells so many, and the sum so far.
  partialSum(finding, count) {
    const {cells, bias} = this.of(finding), some = this.order(finding).slice(0, count).map((cell) => cells[cell]);
    const up = some.filter((each) => each > 0), down = some.filter((each) => each < 0);
    return {bias, up, down, raised: bias + sum(up), reached: bias + sum(up) + sum(down)};
  }
}
