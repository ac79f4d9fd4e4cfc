import {crosshair} from "../../scripts/crosshair.js";
import {create, parts} from "../../scripts/dom.js";
import {handle} from "../../scripts/gestures.js";
import {number} from "../../scripts/numbers.js";
import {Picture} from "../../scripts/picture.js";

const PATIENCE_MS = 15000;

export function start({root, trigger, upload, onValue, page}) {
  const settings = page.settings.panels.radiograph;
  const part = parts(root);
  let begun = 0, latest = null;
  const plate = part("plate"), stage = part("stage"), picture = part("picture"), error = part("error");
  // A DICOM file shown through another window is sent once more: the server keeps no file.
  let pending = null, shownFile = null, shownWindow = "";

  // Over the picture lies the same in the greys that the view tools say; both move with the panels.
  const plated = new Picture(page, part("greys"), null, page.sight);
  const filled = () => Boolean(plated.radiograph);
  plate.append(crosshair(page, filled).hair);
  handle(page, plate, stage, filled);
  page.subscribe("sight", () => page.sight.place(stage));
  page.subscribe("tone", () => { if (filled()) plated.drawGrey(); });

  part("formats").textContent = `PNG, JPEG, WebP, TIFF${settings.dicom ? " or DICOM" : ""}`;

  const thumbnails = settings.samples.map((sample) => {
    const image = create("img", {
      src: page.address(`samples/${sample.name}.png`), alt: "", width: 76, height: 76, loading: "lazy",
    });
    part("samples").append(create("li", {}, create(
      "button",
      {
        type: "button", class: "sample", title: sample.said,
        onclick: () => begin(() => trigger("sample", {name: sample.name})),
      },
      image, create("span", {}, sample.title),
    )));
    return image;
  });

  // One that had to be fetched has a picture of its own from now on.
  function lookAgain() {
    for (const image of thumbnails) image.src = `${image.src.split("?")[0]}?${Date.now()}`;
  }

  for (const input of root.querySelectorAll("[data-file]")) {
    input.setAttribute("accept", settings.dicom ? "image/*,.dcm,.dicom,.ima,application/dicom" : "image/*");
    input.addEventListener("change", () => {
      if (input.files.length) send(input.files[0]);
      input.value = "";
    });
  }

  // A file that misses the plate must not replace the page.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  plate.addEventListener("dragover", () => plate.classList.add("over"));
  for (const kind of ["dragleave", "drop"]) plate.addEventListener(kind, () => plate.classList.remove("over"));
  plate.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });

  // A second click, while the first is answered, asks for nothing; unless the answer seems to be lost.
  function begin(ask) {
    if (plate.classList.contains("busy") && performance.now() - begun < PATIENCE_MS) return;
    begun = performance.now();
    error.hidden = true;
    plate.classList.add("busy");
    part("reading").hidden = false;
    page.announce("Reading the picture.");
    ask();
  }

  function fail(sentence) {
    plate.classList.remove("busy");
    part("reading").hidden = true;
    part("window").disabled = false;
    part("window").value = shownWindow;
    error.textContent = sentence;
    error.hidden = false;
  }

  // The file's own name may name a patient: it stays here. A random one keeps equal files of two visitors apart.
  async function send(file, windowName = "") {
    if (file.size > settings.largestUploadBytes) {
      const most = settings.largestUploadBytes / 2 ** 20;
      fail(`The file has ${number(file.size / 2 ** 20)} MB; at most ${most} MB are read.`);
      return;
    }
    begin(async () => {
      try {
        const nameless = new File([file], crypto.randomUUID?.() ?? String(Math.random()).slice(2));
        const uploaded = await upload(nameless);
        pending = file;
        trigger("upload", {file: uploaded.path, window: windowName});
      } catch {
        fail("The file did not arrive. Check the connection and try again.");
      }
    });
  }

  async function show(value) {
    if (value.error) {
      fail(value.error.sentence);
      return;
    }
    latest = value;
    page.maps.clear();
    page.publish("scores", {token: value.token, findings: null});
    picture.src = page.address(`sessions/${value.token}/radiograph.png`);
    try {
      await picture.decode();
    } catch {
      fail("The picture did not arrive. Load it again.");
      return;
    }
    if (latest !== value) return;
    picture.alt = value.sample ? `${value.name}. ${value.sample.said}` : "The radiograph that you uploaded.";
    picture.hidden = false;
    plate.classList.remove("busy");
    plate.classList.add("filled");
    part("invitation").hidden = true;
    part("reading").hidden = true;
    part("another").hidden = false;
    const {said, credit, made} = value.sample ?? {said: "", credit: null, made: false};
    const size = `${count(value.imageWidth)} × ${count(value.imageHeight)} pixels.`;
    part("caption").textContent = [`${value.name}, ${size}`, said, settings.sides].filter(Boolean).join(" ");
    if (value.sample && !made) lookAgain();
    part("file-notes").textContent = value.notes.join(" ");
    part("file-notes").hidden = !value.notes.length;
    offerWindows(value);
    acknowledge(credit);
    part("caption").hidden = false;
    const radiograph = {
      token: value.token, width: value.width, height: value.height, grey: grey(value), synthetic: made,
    };
    plated.setRadiograph(radiograph);
    part("greys").hidden = false;
    page.publish("radiograph", radiograph);
  }

  // Whom the picture comes from: the provider, with the link and the citation that are asked for.
  function acknowledge(credit) {
    part("credit").hidden = !credit;
    if (!credit) return;
    part("credit").replaceChildren(
      `Provided by ${credit.provider}, with thanks: `,
      create("a", {href: credit.link, rel: "noopener"}, credit.link.replace("https://", "")),
      `. Cite: ${credit.citation}`,
    );
  }

  function offerWindows({windows, window: taken, sample}) {
    shownFile = sample ? null : pending;
    shownWindow = taken;
    part("window-field").hidden = Boolean(sample) || windows.length < 2;
    part("window").replaceChildren(...windows.map((each) => create("option", {value: each.name}, each.title)));
    part("window").value = taken;
    part("window").disabled = false;
  }

  part("window").addEventListener("change", () => {
    part("window").disabled = true;
    send(shownFile, part("window").value);
  });

  function count(pixels) {
    return pixels.toLocaleString("en-US");
  }

  function grey({width, height}) {
    const canvas = create("canvas", {width, height});
    const context = canvas.getContext("2d", {willReadFrequently: true});
    context.drawImage(picture, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height).data;
    return Uint8Array.from({length: width * height}, (_, at) => pixels[4 * at]);
  }

  onValue(show);
}
