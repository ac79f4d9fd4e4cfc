// About: fetched when its view is opened, and again when another network is there.

export function start({trigger, onValue, page}) {
  let known = "";
  const refresh = () => {
    const subject = `${page.last("network")?.model} ${page.last("network")?.state}`;
    if (page.last("view")?.name !== "about" || known === subject) return;
    known = subject;
    trigger("refresh", {});
  };
  page.subscribe("view", refresh);
  page.subscribe("network", refresh);
  // the part that the address names comes with the value
  onValue(() => requestAnimationFrame(() => {
    const part = window.location.hash.slice(1);
    if (part.startsWith("about-")) document.getElementById(part)?.scrollIntoView();
  }));
}
