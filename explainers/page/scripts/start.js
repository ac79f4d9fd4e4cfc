// Starts a panel's script once Gradio has put its markup into the document.
import {createPage} from "./page.js";

// gradio: {root, trigger, watch, props, upload} of the panel's component
export async function start(name, gradio) {
  const lens = window.cxrLens;
  const panel = await import(`../panels/${name}/panel.js`);
  lens.page ??= createPage(lens);
  panel.start({...gradio, onValue: onValueOf(gradio), text: lens.page.text(name), page: lens.page});
  // only the chosen tab is on the page; an attribute, since Gradio sets the class again when a value comes
  const place = document.getElementById(name);
  if (place?.classList.contains("lens-tab")) {
    place.setAttribute("role", "tabpanel");
    place.setAttribute("aria-labelledby", `tab-${name}`);
    lens.page.subscribe("tab", (tab) => place.toggleAttribute("data-open", tab.name === name));
  }
}

// Calls a listener with each value of the panel, and with one that came before the script did.
function onValueOf({props, watch}) {
  return (listener) => {
    const look = () => { if (props.value) listener(props.value); };
    watch("value", look);
    look();
  };
}
