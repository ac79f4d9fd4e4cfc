// Views of the page with an address of their own: #about shows that panel in place of the others. Links to a part of
// the page open what it stands in.

// names: the views' panels; `openTab(name)` opens a tab, `onView(name)` hears which view is shown, "" for none
export function handleViews(window, names, {openTab, onView}) {
  const {document} = window;
  const show = () => {
    const id = decodeURIComponent(window.location.hash.slice(1)), target = id ? document.getElementById(id) : null;
    // a view may be empty yet: the names of its parts begin with its own
    const view = names.find((name) => name === id || id.startsWith(`${name}-`)) ?? "";
    document.documentElement.toggleAttribute("data-view", Boolean(view));
    for (const name of names) document.getElementById(name)?.toggleAttribute("data-open", name === view);
    onView(view);
    if (view) (target ?? document.body).scrollIntoView();
    else if (target) reveal(target);
  };
  const reveal = (target) => {
    const tab = target.closest(".lens-tab");
    if (tab) openTab(tab.id);
    if (target.matches("details")) target.open = true;
    target.scrollIntoView({block: "center"});
    (target.querySelector("summary") ?? target).focus({preventScroll: true});
  };
  // Gradio's document has a base of its own: followed as an address, a link to a part would leave the page.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const address = new URL(window.location.href);
    address.hash = link.getAttribute("href").slice(1);
    window.history.pushState(null, "", address);
    show();
  });
  for (const kind of ["popstate", "hashchange"]) window.addEventListener(kind, show);
  show();
}
