// A map of training digits, with the drawing in a crosshair and its neighbours ringed. Pointing at a digit shows it, a
// click keeps it shown; the wheel or the keys + and - zoom, 0 shows the whole map, a zoomed map is moved by dragging.

import { colour, ink, sharp, theme } from "./paint.js";

const MARGIN = 14;
const ARM = 7; // of the crosshair, beyond the drawing in it, in pixels
const RING = 6; // radius around a neighbour
const NEAREST = 15;
const STRETCH = 1.5; // at most, of one axis against the other
const CLOSEST = 12; // zoom at most

export class Scatter {
  /** `data`: labels and (later) images of the points, and the palette. */
  constructor(canvas, places, data, said) {
    Object.assign(this, { canvas, places, data, said, here: null, drawn: [], near: [], zoom: 1, pinned: false });
    this.back = document.createElement("canvas");
    this.frame = frame(places);
    this.centre = null; // of a zoomed map
    new ResizeObserver(() => this.refresh()).observe(canvas);
    canvas.tabIndex = 0;
    canvas.addEventListener("pointermove", (event) => (event.buttons && this.zoom > 1 ? this.drag(event) : this.pinned || this.point(event)));
    canvas.addEventListener("pointerdown", (event) => { // a click or tap keeps its digit until the next one
      this.point(event);
      this.pinned = !document.getElementById("tip").hidden;
    });
    addEventListener("pointerdown", ({ target }) => { if (target !== canvas && this.pinned) this.unpin(); }, true);
    canvas.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType !== "touch" && !this.pinned) this.unpin(); });
    canvas.addEventListener("wheel", (event) => {
      if (this.zoom === 1 && event.deltaY > 0) return; // nothing to zoom out of: the page scrolls
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.enlarge(event.deltaY < 0 ? 1.25 : 0.8, [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
    canvas.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.unpin();
      const by = { "+": 1.5, "-": 1 / 1.5, 0: 1 / CLOSEST }[key];
      if (by) this.enlarge(by, [this.sheet.width / 2, this.sheet.height / 2]);
    });
  }

  unpin() {
    this.pinned = false;
    document.getElementById("tip").hidden = true;
  }

  /** Zooms by a factor; what lies at a place of the canvas stays there. */
  enlarge(by, [px, py]) {
    const zoom = Math.min(CLOSEST, Math.max(1, this.zoom * by));
    const { width, height } = this.sheet;
    const [x, y] = [this.middle[0] + (px - width / 2) / this.scale[0], this.middle[1] - (py - height / 2) / this.scale[1]];
    const scale = this.scale.map((own) => (own * zoom) / this.zoom);
    this.centre = zoom > 1 ? [x - (px - width / 2) / scale[0], y + (py - height / 2) / scale[1]] : null;
    this.zoom = zoom;
    this.unpin();
    this.refresh();
  }

  drag({ movementX, movementY }) {
    this.centre = [this.middle[0] - movementX / this.scale[0], this.middle[1] + movementY / this.scale[1]];
    this.unpin();
    this.refresh();
  }

  /** Draws the training digits anew, after a change of size or theme. */
  refresh() {
    this.sheet = { ...sharp(this.canvas), inside: colour("second"), rim: colour("panel") };
    const { context, width, height } = this.sheet;
    if (!width) return;
    const { low, high } = this.frame;
    const free = [(width - 2 * MARGIN) / (high[0] - low[0]), (height - 2 * MARGIN) / (high[1] - low[1])];
    const scale = free.map((own) => this.zoom * Math.min(own, STRETCH * Math.min(...free)));
    const middle = this.centre ?? [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    Object.assign(this, { scale, middle });
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
    this.drawn = [];
    this.show(this.here);
  }

  /** Puts back what the crosshair and the rings cover: small squares, for this is done at every stroke. */
  lift() {
    const { context, ratio } = this.sheet;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (const [px, py, reach] of this.drawn) {
      const [x, y] = [px, py].map((place) => Math.floor((place - reach) * ratio));
      const side = Math.ceil(2 * reach * ratio) + 1;
      context.clearRect(x, y, side, side);
      context.drawImage(this.back, x, y, side, side, x, y, side, side);
    }
    context.restore();
    this.drawn = [];
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

  /** Moves the drawing's crosshair; null takes it away. */
  show(here) {
    this.here = here;
    if (!this.to) return;
    this.lift();
    if (!here) {
      this.said.textContent = "";
      return;
    }
    const { context, width, height, inside, rim } = this.sheet;
    context.strokeStyle = inside;
    context.lineWidth = 1.5;
    for (const [x, y] of this.near.map(this.to)) {
      context.beginPath();
      context.arc(x, y, RING, 0, 7);
      context.stroke();
      this.drawn.push([x, y, RING + 2]);
    }
    const half = width > 400 ? 15 : 11;
    const limit = (value, most) => Math.min(most - half - 1, Math.max(half + 1, value));
    const [x, y] = this.to(here);
    const [px, py] = [limit(x, width), limit(y, height)];
    this.drawn.push([px, py, half + ARM + 2]);
    context.beginPath();
    for (const [ux, uy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(px + ux * half, py + uy * half);
      context.lineTo(px + ux * (half + ARM), py + uy * (half + ARM));
    }
    context.stroke();
    context.fillStyle = rim;
    context.fillRect(px - half, py - half, 2 * half, 2 * half);
    context.imageSmoothingEnabled = false;
    context.drawImage(document.getElementById("seen"), px - half, py - half, 2 * half, 2 * half);
    context.strokeRect(px - half, py - half, 2 * half, 2 * half);
    const outside = px !== x || py !== y ? "beyond the edge, nearest " : "among ";
    this.said.textContent = `${outside}${this.company(here)}`;
  }

  /** Rings these places: those of the drawing's neighbours. */
  ring(near) {
    this.near = near;
    this.show(this.here);
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
