// A map of training digits, with the drawing's point; pointing at a digit shows it.

import { colour, ink, sharp, theme } from "./paint.js";

const MARGIN = 14;
const REACH = 9; // of the drawing's point and its rim, in pixels
const NEAREST = 15;
const STRETCH = 1.5; // at most, of one axis against the other

export class Scatter {
  /** `data`: labels and (later) images of the points, and the palette. */
  constructor(canvas, places, data, said) {
    Object.assign(this, { canvas, places, data, said });
    this.back = document.createElement("canvas");
    this.here = null;
    this.frame = frame(places);
    new ResizeObserver(() => this.refresh()).observe(canvas);
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("pointerdown", (event) => this.point(event)); // a tap shows its digit until the next tap
    canvas.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType !== "touch") document.getElementById("tip").hidden = true; });
  }

  /** Draws the training digits anew, after a change of size or theme. */
  refresh() {
    this.sheet = { ...sharp(this.canvas), inside: colour("second"), rim: colour("panel") };
    const { context, width, height } = this.sheet;
    if (!width) return;
    const { low, high } = this.frame;
    const free = [(width - 2 * MARGIN) / (high[0] - low[0]), (height - 2 * MARGIN) / (high[1] - low[1])];
    const scale = free.map((own) => Math.min(own, STRETCH * Math.min(...free)));
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    this.to = ([x, y]) => [width / 2 + (x - middle[0]) * scale[0], height / 2 - (y - middle[1]) * scale[1]];
    context.clearRect(0, 0, width, height);
    const dot = (width > 400 ? 2.1 : 1.6) * Math.max(1, (5000 / this.data.labels.length) ** 0.25);
    context.globalAlpha = theme() === "dark" ? 0.75 : 0.6;
    for (let i = 0; i < this.data.labels.length; i++) {
      const [x, y] = this.to([this.places[2 * i], this.places[2 * i + 1]]);
      context.fillStyle = tint(this.data.palette[this.data.labels[i]]);
      context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
    }
    context.globalAlpha = 1;
    this.names(context, width > 400 ? 17 : 13);
    Object.assign(this.back, { width: this.canvas.width, height: this.canvas.height });
    this.back.getContext("2d").drawImage(this.canvas, 0, 0);
    this.drawn = null;
    this.show(this.here);
  }

  /** Puts back what the drawing's point covers: a small square, for this is done at every stroke. */
  lift() {
    if (!this.drawn) return;
    const { context, ratio } = this.sheet;
    const [x, y] = this.drawn.map((place) => Math.floor((place - REACH) * ratio));
    const side = Math.ceil(2 * REACH * ratio) + 1;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(x, y, side, side);
    context.drawImage(this.back, x, y, side, side, x, y, side, side);
    context.restore();
    this.drawn = null;
  }

  /** Each digit's name at the median of its points. */
  names(context, size) {
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (let digit = 0; digit < 10; digit++) {
      const own = [...this.data.labels.keys()].filter((i) => this.data.labels[i] === digit);
      if (!own.length) continue;
      const [x, y] = this.to([0, 1].map((axis) => median(own.map((i) => this.places[2 * i + axis]))));
      context.lineWidth = 4;
      context.strokeStyle = colour("panel");
      context.strokeText(digit, x, y);
      context.fillStyle = tint(this.data.palette[digit]);
      context.fillText(digit, x, y);
    }
  }

  /** Moves the drawing's point; null takes it away. */
  show(here) {
    this.here = here;
    if (!this.to) return;
    const { context, width, height, inside, rim } = this.sheet;
    this.lift();
    if (!here) {
      this.said.textContent = "";
      return;
    }
    const limit = (value, most) => Math.min(most - 8, Math.max(8, value));
    const [x, y] = this.to(here);
    const [px, py] = (this.drawn = [limit(x, width), limit(y, height)]);
    context.beginPath();
    context.arc(px, py, 6.5, 0, 7);
    context.fillStyle = inside;
    context.strokeStyle = rim;
    context.lineWidth = 2.5;
    context.fill();
    context.stroke();
    const outside = px !== x || py !== y ? "beyond the edge, nearest " : "among ";
    this.said.textContent = `${outside}${this.company(here)}`;
  }

  /** The labels of the 15 nearest points, the most frequent first: "7s and 9s". */
  company([x, y]) {
    const { places, data: { labels } } = this;
    const nearest = new Float64Array(NEAREST).fill(Infinity), whose = new Uint8Array(NEAREST);
    for (let i = 0; i < labels.length; i++) {
      const distance = (places[2 * i] - x) ** 2 + (places[2 * i + 1] - y) ** 2;
      if (distance >= nearest[NEAREST - 1]) continue;
      let at = NEAREST - 1; // moves up to its place among the nearest
      for (; at > 0 && nearest[at - 1] > distance; at--) [nearest[at], whose[at]] = [nearest[at - 1], whose[at - 1]];
      [nearest[at], whose[at]] = [distance, labels[i]];
    }
    const counts = new Map();
    whose.forEach((label) => counts.set(label, (counts.get(label) ?? 0) + 1));
    const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
    return second && second[1] >= 4 ? `${first[0]}s and ${second[0]}s` : `${first[0]}s`;
  }

  point(event) {
    const tip = document.getElementById("tip");
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [nearest, least] = [-1, 144];
    for (let i = 0; this.to && i < this.data.labels.length; i++) {
      const [px, py] = this.to([this.places[2 * i], this.places[2 * i + 1]]);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [nearest, least] = [i, distance];
    }
    tip.hidden = nearest < 0 || !this.data.images;
    if (tip.hidden) return;
    const pixels = this.data.images.subarray(784 * nearest, 784 * (nearest + 1));
    ink(tip.firstElementChild, pixels, { largest: 255 });
    tip.lastElementChild.textContent = `a ${this.data.labels[nearest]}, no. ${nearest}`;
    tip.style.left = `${Math.min(window.innerWidth - 92, event.clientX + 14)}px`;
    tip.style.top = `${Math.min(window.innerHeight - 110, event.clientY + 14)}px`;
  }
}

/** The box that holds all but the farthest half percent of the points on each side. */
function frame(places) {
  const [low, high] = [[], []];
  for (const axis of [0, 1]) {
    const sorted = places.filter((_, i) => i % 2 === axis).sort();
    const cut = Math.floor(sorted.length * 0.003);
    low.push(sorted[cut]);
    high.push(sorted[sorted.length - 1 - cut]);
  }
  return { low, high };
}

/** A palette colour, lighter by night. */
function tint(hex) {
  if (theme() !== "dark") return hex;
  const parts = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  const bright = 0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2];
  const share = Math.max(0.12, Math.min(0.6, (190 - bright) / 230));
  return `rgb(${parts.map((part) => Math.round(part + (255 - part) * share)).join(" ")})`;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
