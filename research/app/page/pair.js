// A plain and a robust network side by side: their alphabets, who is fooled by a moved drawing, and their pixel maps.

import { element, percent } from "./cards.js";
import { biggest, ink, signed } from "./paint.js";

const NAMES = ["Plain", "Robust"];
const PAUSE = 120; // milliseconds after the last change before the server is asked
const AGAIN = 2000; // milliseconds until it is asked again while the robust network is trained
const get = (id) => document.getElementById(`pair-${id}`);
const CASES = ["Your drawing", "Changed to fool the plain one", "Changed to fool the robust one"];

export class Pair {
  /** `decode(buffer)` gives the arrays of an answer by name. */
  constructor(decode) {
    Object.assign(this, { decode, timer: null, alphabets: null, asked: 0 });
    this.rows = { alphabets: rows(get("alphabets"), "ink"), maps: rows(get("maps"), "signed") };
    this.cases = CASES.map((title) => {
      const figure = element("figure");
      const canvas = element("canvas", "ink"), caption = element("figcaption");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", title);
      caption.append(element("span", "", title), ...NAMES.map(() => element("p")));
      figure.append(canvas, caption);
      return figure;
    });
    get("fooled").replaceChildren(...this.cases);
    get("eps").addEventListener("input", () => this.ask(this.seen, this.blank));
  }

  /** Asks about a drawing, once the hand rests for a moment. */
  ask(seen, blank) {
    Object.assign(this, { seen, blank });
    if (!this.answer) get("wait").textContent = "Computing the alphabets of two networks, and who is fooled.";
    get("far").textContent = Number(get("eps").value).toFixed(1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), PAUSE);
  }

  async fetch() {
    const asked = ++this.asked;
    try {
      this.alphabets ??= new Uint8Array(await bytes("/api/alphabets"));
      const answer = this.decode(await bytes(`/api/pair?eps=${get("eps").value}`, { method: "POST", body: Float32Array.from(this.seen) }));
      if (asked !== this.asked) return;
      this.answer = answer;
      get("wait").textContent = "";
      get("there").hidden = false;
      this.show();
    } catch (error) {
      get("wait").textContent = error.message;
      if (asked === this.asked && !get("wait").closest("section").hidden) this.timer = setTimeout(() => this.fetch(), AGAIN);
    }
  }

  /** What was answered last, in the colours of the theme. */
  show() {
    if (!this.answer) return;
    const { maps, moved, said } = this.answer;
    NAMES.forEach((name, n) => {
      for (let digit = 0; digit < 10; digit++) {
        const at = 784 * (10 * n + digit);
        ink(this.rows.alphabets[n][digit], this.alphabets.subarray(at, at + 784), { largest: 255 });
        const own = maps.subarray(7840 * n, 7840 * (n + 1));
        signed(this.rows.maps[n][digit], maps.subarray(at, at + 784), { largest: biggest(own), under: this.seen });
      }
    });
    this.cases.forEach((figure, c) => {
      const [canvas, caption] = figure.children;
      ink(canvas, c ? moved.subarray(784 * (c - 1), 784 * c) : this.seen);
      NAMES.forEach((name, n) => {
        const read = best(said, n, c), before = best(said, n, 0);
        const fooled = !this.blank && read.digit !== before.digit;
        const line = caption.children[1 + n];
        line.replaceChildren(`${name}: `, ...(this.blank ? ["nothing to read"] : [element("b", "", read.digit), ` ${percent(read.share)}`]), fooled ? ", fooled" : "");
        line.classList.toggle("fooled", fooled);
      });
    });
  }
}

function best(said, network, image) {
  const own = said.subarray(10 * (3 * network + image), 10 * (3 * network + image + 1));
  const share = Math.max(...own);
  return { digit: own.indexOf(share), share };
}

/** Two rows of ten tiles; returns their canvases. */
function rows(place, style) {
  return NAMES.map((name) => {
    const row = element("div", "ten");
    row.append(element("span", "", name));
    const canvases = Array.from({ length: 10 }, (_, digit) => {
      const canvas = Object.assign(element("canvas", style), { width: 28, height: 28 });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${name}: ${digit}`);
      const figure = element("figure");
      figure.append(element("figcaption", "", digit), canvas);
      row.append(figure);
      return canvas;
    });
    place.append(row);
    return canvases;
  });
}

async function bytes(address, options) {
  const answer = await fetch(address, options).catch(() => null);
  if (!answer) throw new Error("The server does not answer.");
  if (!answer.ok) throw new Error(`${(await answer.json()).error}.`);
  return answer.arrayBuffer();
}
