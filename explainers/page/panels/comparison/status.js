// Says that the server is gone, goes on when it is back, and offers to reload where its sessions have ended.
import {create} from "../../scripts/dom.js";

export function showServer(comparison, {up, restarted}) {
  const {page, part} = comparison, words = page.text("page"), notice = part("server");
  const sentence = words(!up ? "server_gone" : restarted ? "server_restarted" : "server_back");
  notice.hidden = up && !restarted;
  notice.replaceChildren(notice.hidden ? "" : sentence);
  page.announce(sentence);
  if (!up || restarted) comparison.stop();
  if (up && restarted) {
    // the address holds what was on the screen, but for an uploaded image
    notice.append(" ", create("button", {type: "button", onclick: () => window.location.reload()}, words("reload")));
  } else if (up && comparison.begun) comparison.compare();
}
