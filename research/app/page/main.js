// The page: waits until the server is ready, then asks about every change of the drawing and shows the answers.

import { Activations } from "./activations.js";
import { Cards, options } from "./cards.js";
import { Eigen } from "./eigen.js";
import { ACTIVATIONS, ANSWER, JACOBIAN, Link, PORTRAIT, decode } from "./link.js";
import { Maps } from "./maps.js";
import { ink } from "./paint.js";
import { again, bring } from "./own.js";
import { Pair } from "./pair.js";
import { Portrait } from "./portrait.js";
import { fetchArray, preparing, setup } from "./arrays.js";
import { desk } from "./desk.js";
import { numbers, picture } from "./save.js";
import { atRest, judge, rested } from "./rest.js";
import { Score } from "./score.js";
import { share } from "./share.js";
import { Scatter } from "./scatter.js";
import * as state from "./state.js";
import { reach, tabs } from "./tabs.js";
import { tell } from "./texts.js";
import { tour } from "./tour.js";
import { Unit } from "./unit.js";
import * as verdict from "./verdict.js";

const get = (id) => document.getElementById(id);

let about = null; // what the server tells once its networks are ready; until then the page only draws
const { settings } = state.load(state.rules());
const table = desk(settings, (changes, moment) => remember(changes, true, moment), async (file) => {
  const found = await bring(file);
  about = await setup();
  chosen[0] = found.number;
  lists();
  remember({ models: chosen.map((i) => about.models[i].name).join() });
  return found;
});
get("app").hidden = false;
table.controls();
const early = settings.draw.startsWith("test.") ? [] : await table.restore(true); // test digits are the server's
foretell();
about = await setup(preparing);
get("preparing").hidden = true;
for (const place of document.querySelectorAll("[inert]")) place.inert = false;

const data = { palette: about.palette };
const VALID = state.rules(about);
const { settings: said, left } = state.load(VALID);
Object.assign(settings, said, { draw: settings.draw, preparation: settings.preparation });
table.equip(about);

const number = (name, otherwise) => {
  const found = about.models.findIndex((model) => name && model.name === name); // another page's network has no name
  return found < 0 ? otherwise : found;
};
const chosen = [0, 1]; // networks of the first two cards
let asked = 1; // the one that views of one network show
const inside = { answer: null, activations: null, jacobian: null };
const moments = new Map(); // sequence -> when the hand moved
const latency = []; // milliseconds from the hand's movement to the next frame after painting

let read = null; // what the three models say of the drawing
const cards = new Cards(get("cards"), about, (slot, model) => {
  if (chosen[1 - slot] === model) chosen[1 - slot] = chosen[slot]; // the cards swap: one network has one vote
  chosen[slot] = model;
  lists();
  remember({ models: chosen.map((i) => about.models[i].name).join() });
}, () => question(performance.now()));
const score = new Score(() => read);
share(settings, () => about.invite);
const maps = [];
let eigen = null;
const look = (text, why = "") => {
  remember({ unit: text }, false);
  unit.choose(asked, text);
  if (why) table.say(`${why}.`);
};
const activations = new Activations((layer, number) => look(`${layer}.${number}`));
const unit = new Unit(look, data);
const pixelMaps = new Maps();
const pair = new Pair((buffer) => decode(about.pair, buffer));
const portrait = new Portrait({
  ask: (wish) => link.ask(wish),
  drawing: () => inside.answer?.seen ?? new Float32Array(784),
  stop: () => link.stop(),
  ended: (image) => judge(image, about.models),
  take: (image, said) => table.put({ kind: "picture", side: 28, pixels: Uint8Array.from(image, (value) => Math.round(255 * value)), said }),
});
const link = new Link({ hear, note, status });
const select = tabs(get("tabs"), (view) => {
  const push = view !== settings.view;
  Object.assign(settings, { view });
  state.save(settings, push);
  question(performance.now());
  refresh();
});

/** Settings that changed: into the address, and a new question unless it makes no difference. */
function remember(changes, asks = true, moment = performance.now()) {
  Object.assign(settings, changes);
  state.save(settings);
  if (asks) question(moment);
  else show();
}

/** Before the networks are ready: what they will see. */
function foretell() {
  ink(get("seen"), table.pixels());
  verdict.show(null, [], { why: table.started() ? ["Not read yet", "The answer comes when the networks are ready."] : ["Draw a digit"] });
}

function question(moment) {
  if (!about) return foretell();
  const peeked = cards.peeked ? chosen[cards.peeked.slot] : null;
  const wants = peeked !== null ? 2 : { activations: 1, maps: settings.kind === "causal" ? 0 : 2 }[settings.view] ?? 0;
  const noise = about.noises.indexOf(settings.noise);
  const strength = Number(settings.strength), seed = Number(settings.seed);
  const sequence = link.draw({ pixels: table.pixels(), wants, models: chosen, about: peeked ?? asked, noise: Math.max(0, noise), strength, seed });
  moments.set(sequence, moment);
  if (moments.size > 200) moments.delete(moments.keys().next().value);
  return undefined;
}

function hear(kind, model, sequence, buffer) {
  if (kind === PORTRAIT) return portrait.hear(sequence, decode(about.portrait, buffer));
  if (sequence < (inside.sequence ?? 0)) return undefined; // stale
  if (kind === ACTIVATIONS) inside.activations = { ...decode(about.activations[model], buffer), model };
  else if (kind === JACOBIAN) inside.jacobian = { maps: new Float32Array(buffer, 8), model };
  else if (kind === ANSWER) Object.assign(inside, { answer: decode(about.answer, buffer), sequence });
  if (kind === ANSWER) {
    maps.forEach((map) => { map.near = []; });
    get("cleaned-read").textContent = "";
    if (table.readable()) atRest(() => rested(inside, maps, chosen));
  }
  if (kind === JACOBIAN && cards.peeked && chosen[cards.peeked.slot] === model) cards.tip(inside.jacobian.maps, inside.answer.seen);
  show(kind);
  const moment = moments.get(sequence);
  if (kind === ANSWER && moment !== undefined) {
    requestAnimationFrame(() => {
      latency.push(performance.now() - moment);
      if (latency.length > 2000) latency.shift();
    });
  }
  get("problem").textContent = "";
  return undefined;
}

/** Paints what is visible and, of that, what an answer of this kind changes. */
function show(kind = 0) {
  const { answer, sequence } = inside;
  if (!answer) return;
  const blank = !table.readable();
  if (kind === ANSWER || kind === 0) {
    ink(get("seen"), answer.seen);
    ink(get("cleaned"), blank ? answer.seen : answer.cleaned);
    const { digits, names } = cards.show(answer, blank);
    const nothing = table.started() ? "Too little ink to read" : "Draw a digit";
    const strange = answer.distances[0] > about.strange;
    read = blank ? null : { digits, names, draw: settings.draw };
    if (read && sequence === link.sequence && table.label() !== null) score.tell(table.label());
    score.show(read);
    verdict.show(blank || !link.live ? null : digits, names, { why: [link.live ? nothing : "Not connected"], strange });
  }
  if (settings.view === "overview") maps.forEach((map, i) => map.show(blank ? null : answer.places.subarray(2 * i, 2 * i + 2)));
  else if (settings.view === "eigen") eigen?.show(answer, Number(settings.eigen));
  else if (settings.view === "activations" && inside.activations?.model === asked) {
    activations.show(inside.activations, about.activations[asked], settings.sorted === "true");
    unit.show(answer.seen, inside.activations, about.activations[asked]);
  } else if (settings.view === "maps") showMaps();
  else if (settings.view === "pair" && kind !== JACOBIAN && kind !== ACTIVATIONS) pair.ask(answer.seen, blank);
}

function showMaps() {
  const slot = chosen.indexOf(asked);
  const own = slot < 0 || !table.readable() ? null : inside.answer.probabilities.subarray(10 * slot, 10 * slot + 10);
  const slopes = inside.jacobian?.model === asked ? inside.jacobian.maps : null;
  pixelMaps.show(asked, settings.kind, slopes, inside.answer.seen, own).catch(({ message }) => note({ error: message }));
}

/** Everything anew: after a change of view, theme or size. */
function refresh() {
  maps.forEach((map) => map.refresh());
  eigen?.refresh();
  portrait.show();
  pair.show();
  show();
}

function note({ error, busy, waiting }) {
  if (waiting) portrait.waits(waiting);
  else if (busy) portrait.refused(busy);
  else get("problem").textContent = error;
}

async function status(live, reason = "") {
  get("status").textContent = live ? "live" : reason || "connection lost, trying again";
  get("status").classList.toggle("live", live);
  get("app").classList.toggle("stale", !live);
  if (!live) {
    show();
    if (portrait.running) portrait.refused("the connection was lost");
    return;
  }
  if (await again().catch(() => false)) chosen.splice(0, 2, 0, 1);
  about = await setup();
  lists();
  question(performance.now());
}

/** The networks that can be chosen: more may have been loaded since the page was. */
function lists() {
  cards.models(about.models, chosen);
  for (const id of ["activations-model", "maps-model"]) options(get(id), about.models, asked);
  options(get("portrait-model"), about.models, Math.max(0, get("portrait-model").selectedIndex));
}

for (const id of ["activations-model", "maps-model"]) {
  get(id).addEventListener("change", () => {
    asked = get(id).selectedIndex;
    lists();
    unit.choose(asked, "");
    remember({ about: about.models[asked].name, unit: "" });
  });
}
get("maps-kind").addEventListener("change", (event) => remember({ kind: event.target.value }));
get("maps-outline").addEventListener("change", () => show());
get("activations-sorted").addEventListener("change", ({ target }) => remember({ sorted: String(target.checked) }, false));
get("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  remember({ theme }, false);
  refresh();
});
get("save-png").addEventListener("click", picture);
get("save-json").addEventListener("click", () => numbers({
  ...inside.answer, settings, models: chosen.map((i) => about.models[i].name), network: about.models[asked].name,
  activations: inside.activations, pixelMaps: inside.jacobian, causalIndex: pixelMaps.causal.get(asked) ?? null,
  identikit: portrait.now ? { digit: portrait.digit, start: portrait.from, ...portrait.now, curve: portrait.curve } : null,
}));
for (const name of ["tsne", "pca", "plane"]) get(`plot-${name}`).closest("figure").dataset.map = name;

const step = tour(() => {
  remember({ tour: "" }, false);
  step("");
});

/** All controls as the settings have them, and what depends on these. */
function controls() {
  const wanted = settings.models.split(",");
  chosen.splice(0, 2, ...[0, 1].map((slot) => number(wanted[slot], slot)));
  asked = number(settings.about, 1);
  table.controls();
  step(settings.tour);
  get("maps-kind").querySelector(`[value="${settings.kind}"]`).checked = true;
  get("activations-sorted").checked = settings.sorted === "true";
  if (settings.theme) document.documentElement.dataset.theme = settings.theme;
  lists();
  unit.choose(asked, settings.unit);
}

/** The address was changed by hand, or by going back. */
async function addressed() {
  const { draw, view } = settings;
  const said = state.load(VALID);
  Object.assign(settings, said.settings);
  controls();
  const unread = settings.draw === draw ? [] : await table.restore(false);
  const panel = select(settings.view);
  if (settings.view !== view) settings.view === "overview" ? scrollTo(0, 0) : reach(panel);
  complain([...said.left, ...unread]);
}

function complain(left) {
  if (left.length) table.say(`Left out of the address, as it means nothing here: ${left.join(", ")}`);
}

/** What the drawing is held against, once it can be drawn and is read: the maps, then the eigen-images, then all digits. */
async function surroundings() {
  data.labels = await fetchArray("labels");
  for (const name of about.maps) maps.push(new Scatter(get(`plot-${name}`), await fetchArray(name), data, get(`among-${name}`)));
  refresh();
  [data.components, data.mean] = await Promise.all([fetchArray("components"), fetchArray("mean")]);
  eigen = new Eigen(about, data, (k) => remember({ eigen: k }, false));
  refresh();
  fetchArray("images").then((images) => { data.images = images; refresh(); }, () => {});
}

addEventListener("hashchange", addressed);
addEventListener("pagehide", () => state.keep(table.pad, settings.draw));
tell(about);
controls();
const late = settings.draw.startsWith("test.") ? await table.restore(true) : early;
select(settings.view);
complain([...left, ...late]);
await surroundings();
window.identikit = { latency, inside, settings, table, data, maps, portrait, unit, settled: () => link.live && inside.sequence === link.sequence };
document.documentElement.dataset.ready = "true";
