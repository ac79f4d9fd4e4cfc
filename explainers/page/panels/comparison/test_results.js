// What the tests found about one map: the figure, in words, and what each test is.
import {create} from "../../scripts/dom.js";
import {minus, number, withUnit} from "../../scripts/numbers.js";

// measures: all that the page knows; results: {measure: its state} of this map
export function testResults(measures, results) {
  const known = measures.filter((each) => results[each.name] && results[each.name].state !== "running");
  const silent = known.filter((each) => results[each.name].state === "silent");
  const speaking = known.filter((each) => !silent.includes(each)).flatMap((each) => result(each, results[each.name]));
  if (!silent.length) return speaking;
  return [...speaking,
    create("dt", {class: "silent"}, "Not for this map"),
    create("dd", {class: "silent"}, create("details", {},
      create("summary", {}, silent.map((each) => each.title).join(", ")),
      silent.map((each) => `${each.title}: ${results[each.name].sentence}`).join(" "))),
  ];
}

function result(measure, {state, value, verdict, sentence}) {
  const figure = state === "done" && value !== null ? number(value) : "";
  return [
    create("dt", {}, measure.title,
      figure ? create("span", {class: "figure"}, withUnit(figure, measure.unit)) : null,
      verdict ? create("span", {class: "verdict"}, verdict) : null),
    create("dd", {class: state === "done" ? null : "silent"}, minus(sentence),
      create("details", {}, create("summary", {}, "What is this?"), measure.summary, " ", measure.reference)),
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
