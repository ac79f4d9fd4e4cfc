// A finding's score in words, never without its operating point.
import {create} from "../../scripts/dom.js";
import {apart, number, percent} from "../../scripts/numbers.js";

// each: a finding with its scores; {usual, planted}: whether the image looks like a chest radiograph, and the finding
// whose sign a sample contains
export function findingInWords(words, each, {usual, planted}) {
  const [score, point] = each.threshold === null ? [number(each.score), ""] : apart(each.score, each.threshold);
  const of = each.view ? `${point} (${each.view})` : point;
  const side = each.above_threshold ? "above" : "below";
  const place = point ? words(each.provisional ? `${side}_provisional` : side, {point: of}) : words("no_point");
  const missed = planted === each.finding && each.above_threshold === false;
  const subject = each.description || `${each.title}.`;
  return [`${subject} `, create("strong", {}, words("score", {score})), `, ${place}. `, ofHealthy(words, each),
    usual ? `${probability(words, each)} ` : "", missed ? create("strong", {}, words("missed", {score, point})) : ""];
}

function probability(words, {probability: chance, probability_interval: interval, prevalence}) {
  if (chance === null) return words("uncalibrated"); // the panel Probability says why, with figures
  const [low, high] = interval.map(percent);
  const text = words("probability", {percent: percent(chance), low, high, prevalence: percent(prevalence)});
  return text.replaceAll(" %", "\u00a0%");
}

// How often other patients' radiographs without any finding are above the operating point too.
function ofHealthy(words, {flagged, threshold}) {
  if (!flagged || threshold === null) return "";
  const [share, low, high] = flagged.map((each) => percent(each).replaceAll(" %", "\u00a0%"));
  return `${words("flagged", {share, low, high})} `;
}

// The options of a select of findings, those above their operating points first; without groups where none has one.
export function findingOptions(words, findings) {
  const options = (members) => members.map((each) => create("option", {value: each.finding}, each.title));
  if (findings.every((each) => each.threshold === null)) return options(findings);
  return [["above_point", true], ["below_point", false]].map(([label, above]) => {
    const items = options(findings.filter((each) => Boolean(each.above_threshold) === above));
    return items.length ? create("optgroup", {label: words(label)}, ...items) : null;
  }).filter(Boolean);
}

// Shows what the finding of a comparison is, and whether the image looks like a chest radiograph at all.
export function describeFinding({page, part, grid, radiograph, scores, finding, text}) {
  const usual = scores.statistics.ok, each = scores.findings.find((one) => one.finding === finding);
  part("about").replaceChildren(...findingInWords(text, each, {usual, planted: radiograph?.planted}));
  showStandIn(part("stand-in"), text, scores, page.last("network"));
  part("banner").hidden = usual;
  part("banner").textContent = usual ? "" : page.text("findings")("unusual");
  for (const panel of grid.all) panel.setUsual(usual);
}

// Says that another network than the default one was used, while that one is on its way.
function showStandIn(place, text, {standIn, model}, network) {
  const awaited = network?.awaited;
  place.hidden = !standIn && !awaited;
  if (standIn) place.textContent = text("stand_in", {name: standIn, network: model});
  else place.textContent = awaited ? text("awaiting", {name: model, network: awaited}) : "";
}
