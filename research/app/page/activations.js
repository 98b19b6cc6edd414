// Every feature map of a network's layers; the one pointed at, or chosen by arrow keys, is enlarged.

import { element } from "./cards.js";
import { colour, ink } from "./paint.js";

const GAP = 2;

export class Activations {
  constructor() {
    this.place = document.getElementById("layers");
    this.layers = new Map();
  }

  /** The layers of an answer; `sorted` puts the strongest maps first. */
  show(answer, layout, sorted) {
    Object.assign(this, { answer, sorted });
    const layers = layout.filter(({ name }) => !name.endsWith("/max"));
    const names = layers.map(({ name, shape }) => `${name}:${shape}`).join();
    if (names !== this.names) {
      this.names = names;
      this.layers.clear();
      this.place.replaceChildren(...layers.map((layer) => this.figure(layer)));
    }
    for (const [name, layer] of this.layers) this.draw(name, layer);
    this.enlarge();
  }

  figure({ name, shape }) {
    const figure = element("figure", "layer");
    const canvas = element("canvas");
    const flat = shape.length === 1;
    const [count, height, width] = flat ? [1, Math.ceil(shape[0] / 64), 64] : shape;
    const columns = flat ? 1 : Math.min(16, count);
    const layer = { canvas, count, height, width, columns, flat, size: shape[0], chosen: 0 };
    const what = flat ? `${shape[0]} units` : `${count} maps of ${width}×${height}`;
    figure.append(element("figcaption", "", `${name}: ${what}`), canvas);
    canvas.tabIndex = flat ? -1 : 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name}, ${what}${flat ? "" : "; arrow keys choose a map"}`);
    if (!flat) {
      for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, (event) => this.choose(name, at(event, layer)));
      canvas.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
        if (!step) return;
        event.preventDefault();
        this.choose(name, Math.min(count - 1, Math.max(0, layer.chosen + step)));
      });
    }
    this.layers.set(name, layer);
    return figure;
  }

  draw(name, layer) {
    const { canvas, count, height, width, columns, flat } = layer;
    const values = this.answer[name];
    layer.order = [...Array(count).keys()];
    if (this.sorted && !flat) {
      const strength = layer.order.map((i) => values.subarray(i * height * width, (i + 1) * height * width).reduce((a, b) => a + b, 0));
      layer.order.sort((a, b) => strength[b] - strength[a]);
    }
    const [step, rows] = [width + GAP, Math.ceil(count / columns)];
    const [w, h] = [columns * step - GAP, rows * (height + GAP) - GAP];
    const sheet = new Float32Array(w * h);
    const shown = layer.order.length;
    for (let place = 0; place < shown; place++) {
      const [left, top] = [(place % columns) * step, Math.floor(place / columns) * (height + GAP)];
      const from = layer.order[place] * height * width;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) sheet[(top + y) * w + left + x] = values[from + y * width + x] ?? 0;
      }
    }
    ink(canvas, sheet, { largest: 255, side: w, height: h });
    if (flat) return;
    const context = canvas.getContext("2d");
    context.fillStyle = colour("line");
    for (let column = 1; column < columns; column++) context.fillRect(column * step - GAP, 0, GAP, h);
    for (let row = 1; row < rows; row++) context.fillRect(0, row * (height + GAP) - GAP, w, GAP);
  }

  choose(name, place) {
    const layer = this.layers.get(name);
    if (place === null || place >= layer.count) return;
    layer.chosen = place;
    this.chosen = name;
    this.enlarge();
  }

  enlarge() {
    const layer = this.layers.get(this.chosen);
    const first = [...this.layers].find(([, { flat }]) => !flat);
    document.getElementById("zoom").hidden = !first;
    if (!first) return;
    const [name, { order, chosen, width, height }] = layer ? [this.chosen, layer] : first;
    const map = order[chosen];
    const values = this.answer[name].subarray(map * width * height, (map + 1) * width * height);
    ink(document.getElementById("zoom-map"), values, { largest: 255, side: width, height });
    const top = (Math.max(...values) / 255) * this.answer[`${name}/max`];
    document.getElementById("zoom-text").textContent = `${name}, map ${map + 1}: up to ${top.toFixed(2)}`;
  }
}

function at(event, { canvas, columns, width, height }) {
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * canvas.width;
  const y = ((event.clientY - box.top) / box.height) * canvas.height;
  return Math.min(columns - 1, Math.floor(x / (width + GAP))) + columns * Math.floor(y / (height + GAP));
}
