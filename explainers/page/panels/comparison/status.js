// Says that the server is gone, and goes on when it is back.

export function showServer(comparison, up) {
  const {page, part} = comparison, words = page.text("page"), notice = part("server");
  notice.hidden = up;
  notice.textContent = up ? "" : words("server_gone");
  if (!up) {
    comparison.stop();
    page.announce(words("server_gone"));
    return;
  }
  page.announce(words("server_back"));
  if (comparison.begun) comparison.compare();
}
