// What the address bar remembers: the drawing, the networks, the view and its settings.

import { EXAMPLES } from "./examples.js";
import { SIDE } from "./prepare.js";

/** Settings from the address, with defaults for what it does not say. */
export function load(defaults) {
  const said = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  return { ...defaults, ...said };
}

let timer = null;

/** Writes the settings that differ from the defaults into the address, at most twice a second. */
export function save(settings, defaults) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const said = Object.entries(settings).filter(([name, value]) => String(value) !== String(defaults[name]));
    history.replaceState(null, "", `#${new URLSearchParams(said)}`);
  }, 500);
}

/** Marks as a short text: a name, `test.N`, `s.` and strokes, or `i.` and an image of 28×28 in 16 greys. */
export function encode(marks, plainImage) {
  const from = marks.findLastIndex((mark) => mark.kind === "clear") + 1;
  const last = marks.slice(from);
  if (!last.length) return "";
  if (last.length === 1 && last[0].name) return last[0].name;
  if (last.every((mark) => mark.kind === "stroke")) {
    const bytes = last.flatMap(({ erase, width, points }) => [
      (erase ? 128 : 0) + width,
      points.length & 255,
      points.length >> 8,
      ...points.flat().map((value) => Math.min(255, Math.round((value * 255) / 280))),
    ]);
    if (bytes.length < 3000) return `s.${text(bytes)}`;
  }
  const greys = plainImage.map((value) => Math.round(value * 15));
  return `i.${text(Array.from({ length: greys.length / 2 }, (_, i) => greys[2 * i] * 16 + greys[2 * i + 1]))}`;
}

/** The marks that a text stands for; none if it is damaged. `fetchTest(n)` gives the mark of a test digit. */
export async function decode(said, fetchTest) {
  try {
    if (!said) return [];
    if (said in EXAMPLES) return EXAMPLES[said].map((mark) => ({ ...mark, name: said }));
    if (said.startsWith("test.")) return [await fetchTest(Number.parseInt(said.slice(5), 10))];
    const found = bytes(said.slice(2));
    return said.startsWith("s.") ? strokes(found) : [picture(found)];
  } catch {
    return [];
  }
}

function strokes(found) {
  const marks = [];
  for (let i = 0; i + 3 < found.length; ) {
    const [head, count] = [found[i], found[i + 1] + 256 * found[i + 2]];
    const points = [];
    for (i += 3; points.length < count && i + 1 < found.length; i += 2) {
      points.push([Math.round((found[i] * 280) / 255), Math.round((found[i + 1] * 280) / 255)]);
    }
    if (points.length) marks.push({ kind: "stroke", erase: head > 127, width: head & 127, points });
  }
  return marks;
}

function picture(found) {
  const pixels = new Uint8Array(SIDE * SIDE);
  found.slice(0, pixels.length / 2).forEach((pair, i) => pixels.set([(pair >> 4) * 17, (pair & 15) * 17], 2 * i));
  return { kind: "picture", side: SIDE, pixels };
}

const text = (numbers) => btoa(String.fromCharCode(...numbers)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (said) => Array.from(atob(said.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
