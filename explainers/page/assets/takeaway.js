const lens = window.cxrLens;
const button = element.querySelector("[data-download]");
const error = element.querySelector("[data-error]");
let comparison = null;

lens.subscribe("comparison", (value) => {
  comparison = value;
  button.disabled = !value.done.length || value.running;
});

button.addEventListener("click", async () => {
  const {view, opacity, colourMap} = comparison.look;
  const asked = new URLSearchParams({view, opacity, colour_map: colourMap});
  button.disabled = true;
  button.textContent = "Being put together…";
  error.hidden = true;
  try {
    const answer = await fetch(lens.address(`readings/${comparison.token}/comparison.zip?${asked}`));
    if (!answer.ok) throw new Error((await answer.json()).sentence);
    save(await answer.blob());
    lens.announce("The archive was saved.");
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
  button.textContent = "Download everything";
  button.disabled = false;
});

function save(blob) {
  const link = lens.element("a", {href: URL.createObjectURL(blob), download: "cxr-lens-comparison.zip"});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
