// Image files from wherever a visitor gives them: chosen, dropped on the page, or pasted.

export function acceptFiles(window, inputs, {dicom}, onFile) {
  const {document} = window, marked = document.documentElement.classList;
  for (const input of inputs) {
    input.setAttribute("accept", dicom ? "image/*,.dcm,.dicom,.ima,application/dicom" : "image/*");
    input.addEventListener("change", () => {
      if (input.files.length) onFile(input.files[0]);
      input.value = "";
    });
  }
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    marked.toggle("dropping", [...event.dataTransfer.types].includes("Files"));
  });
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) marked.remove("dropping"); });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    marked.remove("dropping");
    if (event.dataTransfer.files.length) onFile(event.dataTransfer.files[0]);
  });
  window.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file) return;
    event.preventDefault();
    onFile(file);
  });
}

// The greys of a picture of `width` × `height`, as bytes; `source` is anything that a canvas can draw.
export function greysOf(document, source, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(source, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  return Uint8Array.from({length: width * height}, (_, at) => pixels[4 * at]);
}
