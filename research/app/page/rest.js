// What is asked once the hand rests: where the neighbours lie on the maps, and what the networks read in other images.

import { percent } from "./cards.js";
import { TAB } from "./own.js";

const PAUSE = 150; // milliseconds
const known = new Map(); // number of a training digit -> its place on each map
const get = (id) => document.getElementById(id);
let timer = null;

/** Calls `then()` once it has not been called again for a moment. */
export function atRest(then) {
  clearTimeout(timer);
  timer = setTimeout(then, PAUSE);
}

/** Rings the neighbours of the last answer on the maps, and says what the chosen networks read in the cleaned image. */
export async function rested(inside, maps, chosen) {
  const { answer, sequence } = inside;
  try {
    const [found, said] = await Promise.all([places([...answer.near]), readings(answer.cleaned)]);
    if (sequence !== inside.sequence) return;
    maps.forEach((map, i) => map.ring(found.map((own) => own[i])));
    get("cleaned-read").textContent = `: ${[...new Set(chosen.map((model) => said[model][0]))].join(" or ")}`;
  } catch { /* the connection was lost, which the page says elsewhere */ }
}

/** What the network that was asked and all others read in an identikit. */
export async function judge(image, models) {
  try {
    const said = await readings(image);
    get("portrait-others").textContent = `What the networks read in it: ${models.flatMap(({ title }, i) => (said[i] ? `${title}: ${said[i][0]} (${percent(said[i][1])})` : [])).join("; ")}`;
  } catch { /* likewise */ }
}

/** The places of training digits on the maps: for each digit one place a map. */
async function places(numbers) {
  const missing = numbers.filter((number) => !known.has(number));
  if (missing.length) (await json(`/api/places/${missing.join()}`)).forEach((found, i) => known.set(missing[i], found));
  return numbers.map((number) => known.get(number));
}

/** What every network reads in an image: [digit, confidence] of each. */
async function readings(image) {
  const found = await json(`/api/read?tab=${TAB}`, { method: "POST", body: Float32Array.from(image) });
  return found.map((own) => own && [own.indexOf(Math.max(...own)), Math.max(...own)]);
}

async function json(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(address);
  return answer.json();
}
