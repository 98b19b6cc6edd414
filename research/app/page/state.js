// What the address bar remembers: the drawing, the networks, the view and its settings. A reload brings back the
// whole history of the drawing, which the tab keeps.

import { EXAMPLES } from "./examples.js";
import { PAD, SIDE, plain, resample } from "./prepare.js";
import { LAST } from "./tour.js";

const COARSE = 56; // side of a picture in the address
const LONGEST = 16_000; // bytes of strokes in the address
const KEY = "identikit";
export const DEFAULTS = {
  draw: "", view: "overview", models: "", preparation: "mnist", noise: "none", strength: "0.3", seed: "1", theme: "", eigen: "50",
  about: "", kind: "jacobian", sorted: "false", unit: "", tour: "",
};

const among = (...texts) => (text) => texts.includes(text);
const within = (low, high, whole) => (text) => text !== "" && Number(text) >= low && Number(text) <= high && (!whole || Number.isInteger(Number(text)));

/** Which values a setting may have, by its name; without the server's setup, any noise and number of components. */
export function rules(about = null) {
  const known = (text) => text.split(",").every((name) => !about || !name || about.models.some((model) => model.name === name));
  return {
    view: among("overview", "eigen", "activations", "maps", "pair", "portrait"), preparation: among("plain", "mnist"),
    models: known, about: known,
    noise: (text) => !about || about.noises.includes(text), strength: within(0, 1), seed: within(0, 2 ** 32 - 1, true), theme: among("light", "dark"),
    eigen: within(0, about?.components ?? Infinity, true), kind: among("jacobian", "share", "causal"), sorted: among("true", "false"), unit: (text) => /^(\w+\.\d+)?$/.test(text), tour: within(1, LAST, true),
  };
}

/** Settings from the address, with defaults for what it does not say or says wrongly, and what was left out.
 *  `valid[name](text)` is whether a setting may have this value. */
export function load(valid) {
  const said = [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => name in DEFAULTS);
  const good = said.filter(([name, value]) => valid[name]?.(value) ?? true);
  const left = said.filter((each) => !good.includes(each)).map(([name, value]) => `${name}=${value.slice(0, 20)}`);
  return { settings: { ...DEFAULTS, ...Object.fromEntries(good) }, left };
}

/** The settings that differ from the defaults, as the address has them. */
export const fragment = (settings) => String(new URLSearchParams(Object.entries(settings).filter(([name, value]) => String(value) !== String(DEFAULTS[name]))));

let timer = null;

/** Writes the settings into the address, at most twice a second; with `push` at once
 *  and as a new entry, so that going back returns to the last one. */
export function save(settings, push = false) {
  clearTimeout(timer);
  const write = () => history[push ? "pushState" : "replaceState"](null, "", `#${fragment(settings)}`);
  if (push) write();
  else timer = setTimeout(write, 500);
}

/** Keeps the pad's history in this tab, for a reload; `draw` is the drawing as the address has it. */
export function keep({ past, at }, draw) {
  const marks = [...new Set(past.flat())];
  const plainly = marks.map((mark) => (mark.pixels ? { ...mark, pixels: text(mark.pixels), address: undefined } : mark));
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ draw, at, marks: plainly, past: past.map((own) => own.map((mark) => marks.indexOf(mark))) }));
  } catch {
    sessionStorage.removeItem(KEY); // too long, or storage is refused: the address is enough
  }
}

/** The history that this tab kept of this drawing, or null. */
export function recall(draw) {
  try {
    const { marks, past, at, draw: kept } = JSON.parse(sessionStorage.getItem(KEY));
    if (kept !== draw) return null;
    for (const mark of marks) if (mark.pixels) mark.pixels = Uint8Array.from(bytes(mark.pixels));
    return { past: past.map((own) => own.map((i) => marks[i])), at };
  } catch {
    return null;
  }
}

/** Marks as a short text: a name, `test.N`, `t.` and strokes, `g.` and an image of 28×28, or `p.` and a coarse picture. */
export function encode(marks, ink) {
  if (!marks.length) return "";
  if (marks.length === 1 && marks[0].name) return marks[0].name;
  if (marks.every((mark) => mark.kind === "stroke")) {
    const found = marks.flatMap(strokeBytes);
    if (found.length < LONGEST) return `t.${text(found)}`;
  }
  if (exact(marks)) return `g.${text(plain(ink).map((value) => Math.round(value * 255)))}`;
  const greys = resample(ink, 0, 0, PAD / COARSE, COARSE, COARSE).map((value) => Math.round(value * 15));
  return `p.${text(Array.from({ length: greys.length / 2 }, (_, i) => greys[2 * i] * 16 + greys[2 * i + 1]))}`;
}

/** Whether a picture of 28×28 is among the marks: networks get it as it is. */
export const exact = (marks) => marks.some(({ kind, side }) => kind === "picture" && side === SIDE);

/** The marks that a text stands for; none if it is damaged. `fetchTest(n)` gives the mark of a test digit. */
export async function decode(said, fetchTest) {
  try {
    if (said in EXAMPLES) return EXAMPLES[said].map((mark) => ({ ...mark, name: said }));
    if (/^test\.\d+$/.test(said)) return [await fetchTest(Number(said.slice(5)))];
    const [, packed, kind, own] = said.match(/^(z?)(\w\.)(.*)$/);
    const found = packed ? await through(bytes(own.slice(0, LONGEST)), new DecompressionStream("deflate-raw")) : bytes(own);
    return { "t.": strokes, "s.": oldStrokes, "g.": bytePicture, "i.": (pixels) => [greys(pixels, SIDE)], "p.": (pixels) => [greys(pixels, COARSE)] }[kind](found);
  } catch {
    return [];
  }
}

/** The same drawing as a shorter text, for a QR code: strokes without the points that change a line by less than half a
 *  pixel of the pad, and all numbers packed. */
export async function shorten(said) {
  const kind = said.slice(0, 2);
  if (!["t.", "g.", "p."].includes(kind)) return said;
  const found = bytes(said.slice(2));
  const own = kind === "t." ? strokes(found).flatMap((mark) => strokeBytes({ ...mark, points: thin(mark.points) })) : found;
  const plainly = `${kind}${text(own)}`, packed = `z${kind}${text(await through(own, new CompressionStream("deflate-raw")))}`;
  return packed.length < plainly.length ? packed : plainly;
}

/** The points of a line but those that lie within half a pixel of the line through the others (Douglas and Peucker, 1973). */
function thin(points) {
  const [[x, y], [u, v]] = [points[0], points.at(-1)];
  const length = Math.hypot(u - x, v - y);
  const away = points.map(([px, py]) => (length ? Math.abs((u - x) * (py - y) - (v - y) * (px - x)) / length : Math.hypot(px - x, py - y)));
  const at = away.indexOf(Math.max(...away));
  return away[at] > 0.5 ? [...thin(points.slice(0, at + 1)), ...thin(points.slice(at)).slice(1)] : [points[0], ...points.slice(1).slice(-1)];
}

/** Bytes, sent through a stream that packs or unpacks them. */
const through = async (found, stream) => new Uint8Array(await new Response(new Blob([Uint8Array.from(found)]).stream().pipeThrough(stream)).arrayBuffer());

/** Pen and width, number of points, and the way from each point to the next; small steps take one byte each. */
function strokeBytes({ erase, width, points }) {
  const found = [(erase ? 128 : 0) + width, ...varint(points.length)];
  let last = [0, 0];
  for (const point of points) {
    for (const axis of [0, 1]) {
      const way = point[axis] - last[axis];
      found.push(...varint(way < 0 ? -2 * way - 1 : 2 * way));
    }
    last = point;
  }
  return found;
}

function varint(value) {
  const found = [];
  for (; value > 127; value >>= 7) found.push((value & 127) | 128);
  return [...found, value];
}

function strokes(found) {
  let i = 0;
  const next = () => {
    let value = 0;
    for (let shift = 0; i < found.length; shift += 7) {
      const byte = found[i++];
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  };
  const marks = [];
  while (i < found.length) {
    const [head, count, points] = [found[i++], next(), []];
    let last = [0, 0];
    while (points.length < count && i < found.length) {
      last = last.map((own) => {
        const way = next();
        return own + (way & 1 ? -(way + 1) / 2 : way / 2);
      });
      points.push(last);
    }
    if (points.length) marks.push({ kind: "stroke", erase: head > 127, width: head & 127, points });
  }
  return marks;
}

/** Strokes as older addresses have them: two bytes a point. */
function oldStrokes(found) {
  const marks = [];
  for (let i = 0; i + 3 < found.length; ) {
    const [head, count] = [found[i], found[i + 1] + 256 * found[i + 2]];
    const points = [];
    for (i += 3; points.length < count && i + 1 < found.length; i += 2) {
      points.push([Math.round((found[i] * PAD) / 255), Math.round((found[i + 1] * PAD) / 255)]);
    }
    if (points.length) marks.push({ kind: "stroke", erase: head > 127, width: head & 127, points });
  }
  return marks;
}

function greys(found, side) {
  const pixels = new Uint8Array(side * side);
  found.slice(0, pixels.length / 2).forEach((pair, i) => pixels.set([(pair >> 4) * 17, (pair & 15) * 17], 2 * i));
  return { kind: "picture", side, pixels };
}

function bytePicture(found) {
  const pixels = new Uint8Array(SIDE * SIDE);
  pixels.set(found.slice(0, pixels.length));
  return [{ kind: "picture", side: SIDE, pixels }];
}

const text = (numbers) =>
  btoa(Array.from(numbers, (number) => String.fromCharCode(number)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (said) => Array.from(atob(said.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
