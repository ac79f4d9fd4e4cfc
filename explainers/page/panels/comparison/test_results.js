// What the tests found about one map: the verdict, the figure, what to compare it with, and what each test is.
import {create} from "../../scripts/dom.js";
import {minus, number, withUnit} from "../../scripts/numbers.js";

// results: {measure: its state} of this map
export function testResults({settings, text}, results) {
  const words = text("measures"), {measures} = settings.panels.measures;
  const known = measures.filter((each) => results[each.name] && results[each.name].state !== "running");
  const silent = known.filter((each) => results[each.name].state === "silent");
  const speaking = known.filter((each) => !silent.includes(each));
  const tests = silent.map((each) => each.title).join(", ");
  return [
    ...speaking.flatMap((each) => result(words, each, results[each.name])),
    ...(silent.length ? [
      create("dt", {class: "unseen"}, words("not_for", {tests: ""}).replace(/[:\s]+$/, "")),
      create("dd", {class: "silent"}, create("details", {},
        create("summary", {}, words("not_for", {tests})),
        silent.map((each) => `${each.title}: ${results[each.name].sentence}`).join(" "))),
    ] : []),
  ];
}

function result(words, measure, {state, value, verdict, sentence}) {
  const figure = state === "done" && value !== null ? withUnit(number(value), measure.unit) : "";
  return [
    create("dt", {}, measure.title, verdict ? create("span", {class: "verdict"}, verdict) : null,
      figure ? create("span", {class: "figure"}, figure) : null),
    create("dd", {class: state === "done" ? null : "silent"}, minus(sentence),
      create("details", {}, create("summary", {}, words("what")), measure.summary, " ", measure.reference)),
  ];
}

// Hatches cells whose sign is unsettled over a picture of `width` × `height`.
export function drawHatch(canvas, values, {rows, columns, crop: [top, left, tall, wide]}, {width, height}) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), down = tall / rows, across = wide / columns;
  pen.strokeStyle = "rgb(255 255 255 / 70%)";
  pen.lineWidth = Math.max(1, width / 400);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (values[row * columns + column]) {
        hatchCell(pen, left + column * across, top + row * down, across, down, width / 60);
      }
    }
  }
}

function hatchCell(pen, x, y, across, down, gap) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, across, down);
  pen.clip();
  pen.beginPath();
  for (let at = -down; at < across; at += gap) {
    pen.moveTo(x + at, y + down);
    pen.lineTo(x + at + down, y);
  }
  pen.stroke();
  pen.restore();
}
