// What all panels share: settings, sentences, channels, the maps of the session, and how the pictures are looked at.
import {createChannels} from "./channels.js";
import {create} from "./dom.js";
import {createMaps} from "./maps.js";
import {handlePopovers} from "./popovers.js";
import {watchServer} from "./server_watch.js";
import {createMixer} from "./shading.js";
import {createSight} from "./sight.js";
import {handleViews} from "./views.js";
import {createText} from "./words.js";

export function createPage({settings, root}) {
  const page = {settings, ...createChannels(), address: (place) => `${root}/${place}`, announce, mixer: createMixer()};
  page.text = (section) => createText(settings.words, section);
  page.tables = Object.fromEntries(Object.entries(settings.colourMaps).map(([name, each]) => [
    name, Uint8Array.from(atob(each.table), (letter) => letter.charCodeAt(0)),
  ]));
  const fetched = (token, place) => fetchMap(page.address(`sessions/${token}/maps/${place}`), page.text("page"));
  page.maps = createMaps(fetched);
  page.sight = createSight(page.publish);
  handlePopovers(document);
  handleViews(window, settings.ownViews, {
    openTab: (name) => page.publish("tab", {name}), onView: (name) => page.publish("view", {name}),
  });
  watchServer(window, page.address("page_files/up"), page.publish);
  return page;
}

async function fetchMap(address, words) {
  const answer = await fetch(address);
  if (answer.status === 204) throw new Error(words("map_gone"));
  if (!answer.ok) throw new Error((await answer.json()).sentence);
  return new Float32Array(await answer.arrayBuffer());
}

// One polite voice for the whole page, since several live regions talk over each other.
function announce(sentence) {
  let voice = document.getElementById("lens-voice");
  if (!voice) {
    voice = create("div", {id: "lens-voice", role: "status", "aria-live": "polite", class: "unseen"});
    document.body.append(voice);
  }
  if (voice.textContent !== sentence) voice.textContent = sentence;
}
