import {create, parts} from "../../scripts/dom.js";
import {number, percent, withUnit} from "../../scripts/numbers.js";

const FEW = 5;

export function start({root, trigger, onValue, page}) {
  const {settings} = page;
  const part = parts(root);
  let run = 0, marking = false, corner = null, box = null, radiograph = null, comparison = null, whole = false;

  function refresh() {
    part("mark").disabled = !comparison?.done.length;
    part("mark").setAttribute("aria-pressed", String(marking));
    part("mark").textContent = marking ? "Leave off marking" : box ? "Mark another region" : "Mark a region";
    part("clear").hidden = !box;
  }

  function setMarking(wanted) {
    marking = wanted;
    corner = null;
    page.publish("marking", {on: marking});
    say(marking ? "Click one corner on a picture, then the opposite one. By keyboard: arrow keys, Enter, arrow keys, Enter." : "");
    refresh();
  }

  function say(sentence) {
    part("now").textContent = sentence;
  }

  // A corner; the second one makes the region.
  function take({y, x}) {
    if (!marking || !(y >= 0 && y < 1 && x >= 0 && x < 1)) return;
    if (!corner) {
      corner = {y, x};
      page.publish("box", {top: y, left: x, height: 0, width: 0});
      say("Now the opposite corner.");
      return;
    }
    box = {
      top: Math.min(corner.y, y), left: Math.min(corner.x, x),
      height: Math.abs(corner.y - y), width: Math.abs(corner.x - x),
    };
    page.publish("box", box);
    setMarking(false);
    score();
  }

  function score() {
    if (!box) return;
    run += 1;
    part("error").hidden = true;
    say("Scoring without it.");
    trigger("cover", {
      run, box: [box.top, box.left, box.height, box.width], fill: part("fill").value, frozen: !part("again").checked,
      model: page.last("network")?.model ?? "",
    });
  }

  function clear() {
    run += 1;
    box = corner = null;
    page.publish("box", {});
    part("answers").hidden = true;
    part("error").hidden = true;
    say("");
    refresh();
  }

  function show(value) {
    if (value.error) {
      part("error").textContent = value.error.sentence;
      part("error").hidden = false;
      say("");
      return;
    }
    if (value.run !== run) return;
    part("answers").hidden = false;
    const moved = [...value.findings].sort((one, other) => Math.abs(other.logit) - Math.abs(one.logit));
    const own = page.last("explained")?.finding;
    const first = [...moved.filter((each) => each.finding === own), ...moved.filter((each) => each.finding !== own)];
    fillScores(first);
    fillMaps(value.panels);
    const told = first[0], direction = told.logit < 0 ? "falls" : "rises";
    const sentence = `Without it the score of ${told.title} ${direction} from ${number(told.before)} to ${number(told.after)}.`;
    say(sentence);
    page.announce(sentence);
  }

  function head(...names) {
    return create("thead", {}, create("tr", {}, ...names.map((name) => (name ? create("th", {scope: "col"}, name) : create("td")))));
  }

  function fillScores(findings) {
    const rows = (whole ? findings : findings.slice(0, FEW)).map((each) => {
      const crossed = each.threshold !== null && (each.before >= each.threshold) !== (each.after >= each.threshold);
      return create("tr", {},
        create("th", {scope: "row"}, each.title),
        create("td", {}, number(each.before)), create("td", {}, number(each.after)),
        create("td", {}, withUnit(signed(each.logit), "logit")),
        create("td", {class: "quiet"}, crossed ? `crosses its point, ${number(each.threshold)}` : ""));
    });
    const more = findings.length > FEW && !whole
      ? create("button", {type: "button", class: "plain", onclick: () => { whole = true; fillScores(findings); }}, `All ${findings.length} findings`)
      : null;
    part("scores").replaceChildren(...[create("table", {}, create("caption", {}, "Scores"), head("", "as it is", "covered", "change", ""), create("tbody", {}, ...rows)), more].filter(Boolean));
  }

  function fillMaps(panels) {
    const titles = new Map(settings.explainers.map((each) => [each.name, each.title]));
    const rows = Object.entries(panels).filter(([name]) => comparison?.done.includes(name)).map(([name, each]) => {
      const [explainer, beside] = name.split("@");
      const maximum = each.abstains ? "no positive cell" : each.pointing ? "inside" : "outside";
      return create("tr", {}, create("th", {scope: "row"}, [titles.get(explainer) ?? explainer, settings.findings[beside]?.title ?? beside].filter(Boolean).join(", ")),
        create("td", {}, percent(each.mass)), create("td", {}, maximum), create("td", {}, percent(each.iou_equal_area)));
    });
    const area = Object.values(panels)[0]?.area;
    const said = area === undefined ? "What the maps say of it" : `What the maps say of it (it is ${percent(area)} of the picture)`;
    part("maps").replaceChildren(create("table", {}, create("caption", {}, said),
      head("", "of the positive map", "maximum", "overlap"), create("tbody", {}, ...rows)));
  }

  function signed(value) {
    return value > 0 ? `+${number(value)}` : number(value);
  }

  part("mark").addEventListener("click", () => setMarking(!marking));
  part("clear").addEventListener("click", clear);
  part("fill").addEventListener("change", score);
  part("again").addEventListener("change", score);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && marking) setMarking(false); });
  page.subscribe("mark", take);
  page.subscribe("radiograph", (value) => {
    if (radiograph && value.token !== radiograph.token) clear();
    radiograph = value;
  });
  page.subscribe("comparison", (value) => {
    const changed = value.done.join() !== comparison?.done.join() || value.token !== comparison?.token;
    comparison = value;
    refresh();
    // new maps are asked about the same region
    if (changed && box && value.done.length && !value.running) score();
  });
  refresh();
  onValue(show);
}
