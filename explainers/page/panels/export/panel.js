// Export: report, archive, code.
import {create, parts} from "../../scripts/dom.js";

const NAMES = {
  "report.html": "cxr-lens-report.html", "comparison.zip": "cxr-lens-comparison.zip", "dicom.zip": "cxr-lens-dicom.zip",
};
const KEEP_MS = 60000;

export function start(gradio) {
  new Export(gradio);
}

class Export {
  constructor({root, page, text}) {
    Object.assign(this, {page, text, part: parts(root), buttons: [...root.querySelectorAll("[data-get]")]});
    this.comparison = null;
    page.subscribe("comparison", (comparison) => {
      this.comparison = comparison;
      for (const button of this.buttons) button.disabled = !comparison.done.length || comparison.running;
      if (this.part("code").open) this.showCode();
    });
    // of a radiograph that was loaded from a DICOM file, on a page that offers it
    page.subscribe("radiograph", ({dicomExport}) => {
      for (const part of root.querySelectorAll("[data-dicom], [data-dicom-text]")) part.hidden = !dicomExport;
    });
    for (const button of this.buttons) button.addEventListener("click", () => this.save(button));
    this.part("code").addEventListener("toggle", () => { if (this.part("code").open) this.showCode(); });
  }

  // What is on the screen, as the server draws it.
  get query() {
    const {done, look: {view, opacity, colourMap, regions, smooth, clip}} = this.comparison;
    return new URLSearchParams({
      view, opacity, colour_map: colourMap, model: this.page.last("network")?.model ?? "", panels: done.join(), regions,
      smooth, clip,
    });
  }

  async get(name) {
    const answer = await fetch(this.page.address(`sessions/${this.comparison.token}/${name}?${this.query}`));
    if (!answer.ok) throw new Error((await answer.json()).sentence);
    return answer;
  }

  async save(button) {
    const {textContent: title, dataset: {get: name}} = button;
    button.disabled = true;
    button.textContent = this.text("preparing");
    this.part("error").hidden = true;
    try {
      download(await (await this.get(name)).blob(), NAMES[name]);
      this.page.announce(this.text("saved", {name: title}));
    } catch (problem) {
      this.fail(problem);
    }
    button.textContent = title;
    button.disabled = false;
  }

  async showCode() {
    const text = this.part("text");
    if (!this.comparison?.done.length || this.comparison.running) {
      text.textContent = this.text("waiting");
      return;
    }
    try {
      text.textContent = await (await this.get("code.txt")).text();
    } catch (problem) {
      this.fail(problem);
    }
  }

  fail(problem) {
    this.part("error").textContent = problem.message;
    this.part("error").hidden = false;
  }
}

function download(blob, name) {
  const link = create("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
