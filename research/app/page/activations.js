// Every feature map of a network's layers; the one pointed at, or chosen by arrow keys, is enlarged, and a click or
// Enter opens it (unit.js).

import { element } from "./cards.js";
import { colour, ink } from "./paint.js";

const phone = matchMedia("(max-width: 760px)"); // there a row is half as long: a finger is wide

export class Activations {
  /** `open(layer, unit)` is called for a map that is clicked. */
  constructor(open) {
    this.open = open;
    this.place = document.getElementById("layers");
    this.layers = new Map();
    phone.addEventListener("change", () => this.answer && this.show(this.answer, this.layout, this.sorted));
    document.getElementById("zoom-map").addEventListener("click", () => this.shown && open(...this.shown));
  }

  /** The layers of an answer; `sorted` puts the strongest maps first. */
  show(answer, layout, sorted) {
    Object.assign(this, { answer, layout, sorted });
    const layers = layout.filter(({ name }) => !name.endsWith("/max"));
    const names = layers.map(({ name, shape }) => `${name}:${shape}`).join() + phone.matches;
    if (names !== this.names) {
      this.names = names;
      this.layers.clear();
      this.place.replaceChildren(...layers.map((layer) => this.figure(layer)));
    }
    for (const [name, layer] of this.layers) this.draw(name, layer);
    this.enlarge();
    if (!layers.length) this.place.textContent = "No layers are known between the image and this network's answers.";
  }

  figure({ name, shape: [count, height = 1, width = 1] }) {
    const figure = element("figure", "layer");
    const canvas = element("canvas");
    const flat = width === 1;
    const half = phone.matches ? 2 : 1;
    const columns = flat ? 64 / half : Math.min(16 / half, count);
    const layer = { canvas, count, height, width, columns, flat, gap: flat ? 0 : 2, chosen: null };
    const what = flat ? `${count} units` : `${count} maps of ${width}×${height}`;
    figure.append(element("figcaption", "", `${name}: ${what}`), canvas);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `${name}, ${what}; arrow keys choose one, Enter shows how it is made`);
    for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, (event) => this.choose(name, at(event, layer)));
    canvas.addEventListener("click", (event) => at(event, layer) < count && this.open(name, layer.order[at(event, layer)]));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Enter: 0 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.choose(name, Math.min(count - 1, Math.max(0, (layer.chosen ?? 0) + step)));
      if (!step) this.open(name, layer.order[layer.chosen]);
    });
    this.layers.set(name, layer);
    return figure;
  }

  draw(name, layer) {
    const { canvas, count, height, width, columns, gap } = layer;
    const values = this.answer[name];
    const strength = [...Array(count).keys()].map((i) => values.subarray(i * height * width, (i + 1) * height * width).reduce((a, b) => a + b, 0));
    layer.order = [...strength.keys()];
    layer.strongest = strength.indexOf(Math.max(...strength));
    if (this.sorted) layer.order.sort((a, b) => strength[b] - strength[a]);
    const rows = Math.ceil(count / columns);
    const [w, h] = [columns * (width + gap) - gap, rows * (height + gap) - gap];
    const sheet = new Float32Array(w * h);
    layer.order.forEach((map, place) => {
      const [left, top] = [(place % columns) * (width + gap), Math.floor(place / columns) * (height + gap)];
      for (let y = 0; y < height; y++) sheet.set(values.subarray(map * height * width + y * width, map * height * width + (y + 1) * width), (top + y) * w + left);
    });
    ink(canvas, sheet, { largest: 255, side: w, height: h });
    const context = canvas.getContext("2d");
    context.fillStyle = colour("line");
    for (let column = 1; column < columns; column++) context.fillRect(column * (width + gap) - gap, 0, gap, h);
    for (let row = 1; row < rows; row++) context.fillRect(0, row * (height + gap) - gap, w, gap);
  }

  choose(name, place) {
    const layer = this.layers.get(name);
    if (place >= layer.count) return;
    layer.chosen = place;
    this.chosen = name;
    this.enlarge();
  }

  /** The chosen map, at first the strongest of the first layer. */
  enlarge() {
    const first = [...this.layers].find(([, { flat }]) => !flat)?.[0];
    document.getElementById("zoom").hidden = !first;
    const name = this.layers.has(this.chosen) ? this.chosen : first;
    if (!first) return;
    const { order, chosen, strongest, width, height, flat } = this.layers.get(name);
    const unit = chosen === null ? strongest : order[chosen];
    this.shown = [name, unit];
    const values = this.answer[name].subarray(unit * width * height, (unit + 1) * width * height);
    const top = ((Math.max(...values) / 255) * this.answer[`${name}/max`]).toFixed(2);
    ink(document.getElementById("zoom-map"), values, { largest: 255, side: width, height });
    document.getElementById("zoom-text").textContent = `${flat ? `${name}, unit ${unit + 1}: ${top}` : `${name}, map ${unit + 1}: up to ${top}`}. Click it to see how it is made.`;
  }
}

/** The place in the layer's grid that an event is at. */
function at(event, { canvas, columns, width, height, gap }) {
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * canvas.width;
  const y = ((event.clientY - box.top) / box.height) * canvas.height;
  return Math.min(columns - 1, Math.floor(x / (width + gap))) + columns * Math.floor(y / (height + gap));
}
