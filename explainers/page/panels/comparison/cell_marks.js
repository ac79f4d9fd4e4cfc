// Marks over a map's cells: hatched where the sign is unsettled; or, with "Verify", what became of the cells' claims.
const CONTRADICTED = 2, DEPENDS = 3;

export class CellMarks {
  constructor(panel) {
    Object.assign(this, {panel, results: {}, token: "", verify: false});
  }

  // results: {measure: its state} of the panel's map
  take(results, token) {
    Object.assign(this, {results, token});
    this.draw();
  }

  show(verify) {
    if (verify === this.verify) return;
    this.verify = verify;
    this.draw();
  }

  clear() {
    this.results = {};
    this.panel.hatch.hidden = true;
  }

  async draw() {
    const {panel, results, token, verify} = this;
    panel.hatch.hidden = true;
    // the test of all cells comes after that of the strongest
    const marked = Object.values(results).map((each) => (verify ? each.claims : each.hatched)).filter(Boolean).at(-1);
    if (!marked) return;
    const values = await panel.page.maps.get(token, marked.map);
    if (this.results !== results || this.verify !== verify) return;
    if (!panel.picture.radiograph || panel.state !== "done") return;
    drawMarks(panel.hatch, values, marked, panel.picture.radiograph, verify);
    panel.hatch.hidden = false;
  }
}

// Marks cells over a picture of `width` × `height`.
// values: 1 where a sign is unsettled; with `verify`, states of claims
export function drawMarks(canvas, values, {rows, columns, crop: [top, left, tall, wide]}, {width, height}, verify) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), down = tall / rows, across = wide / columns;
  pen.strokeStyle = "rgb(255 255 255 / 70%)";
  pen.lineWidth = Math.max(1, width / 400);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const state = values[row * columns + column], x = left + column * across, y = top + row * down;
      if (verify ? state === CONTRADICTED : state) hatchCell(pen, x, y, across, down, width / 60);
      if (verify && state === DEPENDS) askCell(pen, x, y, across, down);
    }
  }
}

function askCell(pen, x, y, across, down) {
  const size = 0.6 * Math.min(across, down);
  pen.font = `600 ${size}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  // dark around it, so that it is read on any colour
  pen.save();
  pen.strokeStyle = "rgb(0 0 0 / 70%)";
  pen.lineWidth = size / 6;
  pen.strokeText("?", x + across / 2, y + down / 2);
  pen.restore();
  pen.fillStyle = "#fff";
  pen.fillText("?", x + across / 2, y + down / 2);
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
