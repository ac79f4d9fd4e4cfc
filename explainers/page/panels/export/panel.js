import {create} from "../../scripts/dom.js";

export function start({root, page}) {
  const buttons = [...root.querySelectorAll("[data-get]")];
  const error = root.querySelector("[data-error]");
  const code = root.querySelector("[data-code]");
  let comparison = null;

  page.subscribe("comparison", (value) => {
    comparison = value;
    for (const button of buttons) button.disabled = !value.done.length || value.running;
    if (code.open) tellCode();
  });

  function asked() {
    const {view, opacity, colourMap} = comparison.look;
    return new URLSearchParams({
      view, opacity, colour_map: colourMap, model: page.last("network")?.model ?? "", panels: comparison.done.join(),
    });
  }

  async function get(name) {
    const answer = await fetch(page.address(`sessions/${comparison.token}/${name}?${asked()}`));
    if (!answer.ok) throw new Error((await answer.json()).sentence);
    return answer;
  }

  function fail(problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }

  for (const button of buttons) {
    const said = button.textContent, name = button.dataset.get;
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.textContent = "Being put together…";
      error.hidden = true;
      try {
        save(await (await get(name)).blob(), name === "report.html" ? "cxr-lens-report.html" : "cxr-lens-comparison.zip");
        page.announce(`${said} was saved.`);
      } catch (problem) {
        fail(problem);
      }
      button.textContent = said;
      button.disabled = false;
    });
  }

  async function tellCode() {
    const text = root.querySelector("[data-text]");
    if (!comparison?.done.length || comparison.running) {
      text.textContent = "Compare explainers first.";
      return;
    }
    try {
      text.textContent = await (await get("code.txt")).text();
    } catch (problem) {
      fail(problem);
    }
  }

  code.addEventListener("toggle", () => { if (code.open) tellCode(); });

  function save(blob, name) {
    const link = create("a", {href: URL.createObjectURL(blob), download: name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}
