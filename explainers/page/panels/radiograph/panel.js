// The radiograph: takes files and samples, and shows the picture.
import {readAddress, writeAddress} from "../../scripts/address.js";
import {crosshair} from "../../scripts/crosshair.js";
import {create, parts} from "../../scripts/dom.js";
import {handle} from "../../scripts/gestures.js";
import {number} from "../../scripts/numbers.js";
import {Picture} from "../../scripts/picture.js";
import {acceptFiles, greysOf} from "./files.js";

const PATIENCE_MS = 15000, MEBIBYTE = 2 ** 20;

export function start(gradio) {
  new RadiographPanel(gradio);
}

class RadiographPanel {
  constructor({root, trigger, upload, onValue, page, text}) {
    Object.assign(this, {trigger, upload, page, text, part: parts(root)});
    this.settings = page.settings.panels.radiograph;
    this.begun = 0;
    this.latest = null;
    this.sample = "";
    // A DICOM file shown through another window is sent once more: the server keeps no file.
    this.pending = this.shownFile = null;
    this.shownWindow = "";
    this.preparePlate();
    this.offerSamples();
    acceptFiles(window, root.querySelectorAll("[data-file]"), this.settings, (file) => this.send(file));
    this.part("formats").textContent = text(this.settings.dicom ? "formats_dicom" : "formats");
    this.part("window").addEventListener("change", () => {
      this.part("window").disabled = true;
      this.send(this.shownFile, this.part("window").value);
    });
    onValue((value) => this.show(value));
    if (!this.latest) this.arrive();
  }

  // Over the picture lies the same in the greys that the view tools say; both move with the panels.
  preparePlate() {
    const {page, part} = this, plate = part("plate"), stage = part("stage");
    this.plated = new Picture(page, part("greys"), null, page.sight);
    const filled = () => Boolean(this.plated.radiograph);
    plate.append(crosshair(page, filled).hair);
    handle(page, plate, stage, filled);
    page.subscribe("sight", () => page.sight.place(stage));
    page.subscribe("tone", () => { if (filled()) this.plated.drawGrey(); });
  }

  // The sample that the address names, or the first one with its stored results.
  arrive() {
    const {sample} = readAddress(window.location.search), {samples} = this.settings;
    if (samples.some((each) => each.name === sample)) this.open(sample);
    else this.begin(() => { this.sample = samples[0].name; this.trigger("arrive", {}); });
  }

  offerSamples() {
    this.thumbnails = this.settings.samples.map(({name, title, said}) => {
      const image = create("img", {
        src: this.page.address(`samples/${name}.png`), alt: "", width: 76, height: 76, loading: "lazy",
      });
      this.part("samples").append(create("li", {}, create(
        "button", {type: "button", class: "sample", title: said, onclick: () => this.open(name)},
        image, create("span", {}, title))));
      return image;
    });
  }

  open(name) {
    this.part("change").open = false;
    this.begin(() => { this.sample = name; this.trigger("sample", {name}); });
  }

  // A second click, while the first is answered, asks for nothing; unless the answer seems to be lost.
  begin(ask) {
    const {classList} = this.part("plate");
    if (classList.contains("busy") && performance.now() - this.begun < PATIENCE_MS) return;
    this.begun = performance.now();
    this.part("error").hidden = true;
    classList.add("busy");
    this.say(this.text("reading"));
    this.page.announce(this.text("announced"));
    ask();
  }

  say(sentence) {
    this.part("reading").textContent = sentence;
    this.part("reading").hidden = !sentence;
  }

  fail(sentence) {
    this.part("plate").classList.remove("busy");
    this.say("");
    this.part("window").disabled = false;
    this.part("window").value = this.shownWindow;
    this.part("error").textContent = sentence;
    this.part("error").hidden = false;
  }

  // The file's own name may name a patient: it stays here. A random one keeps equal files of two visitors apart.
  send(file, windowName = "") {
    const most = this.settings.largestUploadBytes;
    this.part("change").open = false;
    if (file.size > most) {
      this.fail(this.text("too_large", {size: number(file.size / MEBIBYTE), most: most / MEBIBYTE}));
      return;
    }
    this.begin(async () => {
      this.say(this.text("sending"));
      this.showAtOnce(file);
      try {
        const nameless = new File([file], crypto.randomUUID?.() ?? String(Math.random()).slice(2));
        const uploaded = await this.upload(nameless);
        this.pending = file;
        this.sample = "";
        this.trigger("upload", {file: uploaded.path, window: windowName});
      } catch {
        this.fail(this.text("not_sent"));
      }
    });
  }

  // The picture of the file itself, as far as the browser can read it, before the server has it.
  async showAtOnce(file) {
    const {latest} = this, address = URL.createObjectURL(file), preview = new Image();
    preview.src = address;
    try {
      await preview.decode();
      if (this.latest === latest) this.part("picture").src = address;
      this.part("greys").hidden = true;
      this.part("picture").hidden = false;
    } catch {
      // not a picture that browsers show, such as DICOM: the server's follows
    }
  }

  async show(value) {
    if (value.error) {
      if (this.plated.radiograph) this.part("greys").hidden = false;
      this.fail(value.error.sentence);
      return;
    }
    const {page, part} = this, picture = new Image();
    this.latest = value;
    page.maps.clear();
    page.publish("scores", {token: value.token, findings: null});
    picture.src = page.address(`sessions/${value.token}/radiograph.png`);
    try {
      await picture.decode();
    } catch {
      this.fail(this.text("no_picture"));
      return;
    }
    if (this.latest !== value) return;
    part("picture").src = picture.src;
    part("picture").alt = value.sample ? `${value.name}. ${value.sample.said}` : this.text("upload_alt");
    part("picture").hidden = false;
    part("plate").classList.remove("busy");
    part("plate").classList.add("filled");
    this.say("");
    this.describe(value);
    this.publish(value, picture);
  }

  publish(value, picture) {
    const {token, width, height, sample, dicomExport} = value, {page, part} = this;
    const grey = greysOf(document, picture, width, height);
    const radiograph = {
      token, width, height, grey, dicomExport, synthetic: sample?.made ?? false, planted: sample?.planted ?? "",
    };
    this.plated.setRadiograph(radiograph);
    part("greys").hidden = false;
    writeAddress(window, {sample: this.sample});
    page.publish("radiograph", radiograph);
  }

  describe(value) {
    const {part, text} = this, {said, credit, made} = value.sample ?? {said: "", credit: null, made: false};
    const count = (pixels) => pixels.toLocaleString("en-US");
    const size = text("size", {name: value.name, width: count(value.imageWidth), height: count(value.imageHeight)});
    // which side is which is known of the page's own samples alone
    const sides = made ? this.settings.sides : "";
    const note = value.sample ? "" : text("upload_note");
    part("caption").textContent = [size, said, sides, note].filter(Boolean).join(" ");
    // one that had to be fetched has a picture of its own from now on
    if (value.sample && !made) {
      for (const image of this.thumbnails) image.src = `${image.src.split("?")[0]}?${Date.now()}`;
    }
    part("file-notes").textContent = value.notes.join(" ");
    part("file-notes").hidden = !value.notes.length;
    this.offerWindows(value);
    part("credit").hidden = !credit;
    if (!credit) return;
    part("credit").replaceChildren(
      text("provided", credit),
      create("a", {href: credit.link, rel: "noopener"}, credit.link.replace("https://", "")), text("cite", credit));
  }

  offerWindows({windows, window: taken, sample}) {
    const {part} = this;
    this.shownFile = sample ? null : this.pending;
    this.shownWindow = taken;
    part("window-field").hidden = Boolean(sample) || windows.length < 2;
    part("window").replaceChildren(...windows.map((each) => create("option", {value: each.name}, each.title)));
    part("window").value = taken;
    part("window").disabled = false;
  }
}
