// About: fetched when its view is opened, and again when another network is there.

export function start({trigger, page}) {
  let known = "";
  const refresh = () => {
    const subject = `${page.last("network")?.model} ${page.last("network")?.state}`;
    if (page.last("view")?.name !== "about" || known === subject) return;
    known = subject;
    trigger("refresh", {});
  };
  page.subscribe("view", refresh);
  page.subscribe("network", refresh);
}
