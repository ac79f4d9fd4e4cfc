// Boxes that unfold over the page (<details class="pop">): one at a time, closed by Escape or a click elsewhere.

export function handlePopovers(document) {
  const opened = () => document.querySelectorAll("details.pop[open]");
  document.addEventListener("click", ({target}) => {
    for (const each of opened()) if (!each.contains(target)) each.open = false;
  });
  document.addEventListener("keydown", ({key}) => {
    if (key !== "Escape") return;
    for (const each of opened()) {
      each.open = false;
      each.querySelector("summary").focus();
    }
  });
}
