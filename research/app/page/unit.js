// How one feature map is made: its kernel slides over the input, products are summed, ReLU keeps what is above zero.
// Also which maps feed it, which training digits excite it most, and the image that it likes best.

import { element } from "./cards.js";
import { TAB } from "./own.js";
import { cells, ink, signedText } from "./paint.js";

const FED = 5; // maps that are shown of those that feed a map
const STEP = 90; // milliseconds between two places of the kernel
const get = (id) => document.getElementById(`unit-${id}`);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Unit {
  /** `open(text, why)` is called with "layer.unit" when another one is chosen; with "" when this one is closed, or for
   *  what reason it cannot be shown. */
  constructor(open, data) {
    Object.assign(this, { open, data, told: null, at: null, timer: null });
    get("close").addEventListener("click", () => open(""));
    get("play").addEventListener("click", () => this.slide(!this.timer));
    get("at").addEventListener("input", () => { this.slide(false); this.move(Number(get("at").value)); });
    for (const name of ["input", "output"]) get(name).addEventListener("pointerdown", (event) => this.point(event, name));
    get("input").closest("section").addEventListener("keydown", ({ key }) => key === "Escape" && open(""));
  }

  /** Shows a unit of a network, for the drawing that `show` has; nothing where the text is empty. */
  async choose(model, text) {
    if (text === this.text && model === this.model) return;
    this.slide(false);
    Object.assign(this, { model, text, told: null, at: null });
    document.getElementById("unit").hidden = !text;
    if (!text) return;
    const [layer, unit] = text.split(".");
    get("title").textContent = "Looking it up";
    const answer = await fetch(`/api/unit/${model}/${layer}/${unit}?tab=${TAB}`).catch(() => null);
    if (this.text !== text || this.model !== model) return;
    if (!answer?.ok) return void this.open("", answer ? (await answer.json()).error : "The server does not answer");
    this.told = { ...(await answer.json()), layer, unit: Number(unit) };
    this.refresh();
    document.getElementById("unit").scrollIntoView({ block: "nearest" });
    get("title").focus({ preventScroll: true });
    if (this.told.kernel && !calm.matches) this.slide(true);
  }

  /** A new drawing: `seen` by the network, and its activations. */
  show(seen, activations, layout) {
    const shapes = Object.fromEntries(layout.map(({ name, shape }) => [name, shape]));
    Object.assign(this, { seen, activations, shapes });
    this.refresh();
  }

  refresh() {
    const { told } = this;
    if (!told || !this.activations || !(told.layer in this.activations) || this.activations.model !== this.model) return;
    const maps = this.shapes[told.layer].length > 1;
    get("title").textContent = `${told.layer}, ${maps ? "map" : "unit"} ${told.unit + 1}`;
    get("making").hidden = get("moving").hidden = get("fed-block").hidden = !told.kernel;
    get("sum").textContent = told.kernel ? "" : this.without(told, maps);
    get("weights").hidden = !told.weights;
    if (told.kernel) this.convolve();
    if (told.weights) this.weigh();
    get("excited").replaceChildren(...told.excited.map(([index, label, strength]) => thumbnail(this.data.images?.subarray(784 * index, 784 * (index + 1)), 28, `a ${label}`, strength.toFixed(1), 255)));
    const among = `of ${told.among.toLocaleString("en")} training digits`;
    get("among").textContent = told.excited[0][2] > 0 ? `Most exciting ${among}` : `Silent: none ${among} excites it`;
    get("liked").replaceChildren(thumbnail(told.liked, 28, "the image it likes best", "", 1));
  }

  without({ layer, reads, unit }, maps) {
    if (!maps) return `${layer} adds up everything in ${reads || "the image"}, each value times a weight, and keeps what is above zero.`;
    return `Each value is the largest of 2×2 in ${reads}, map ${unit + 1}.`;
  }

  /** One map that this one reads, as the network has it: the image shifted and scaled, or what a layer before it said. */
  input(i) {
    const { reads, mean, std } = this.told;
    if (!reads) return { values: this.seen.map((value) => (value - mean) / std), raw: this.seen, largest: 1, side: 28 };
    const [, side] = this.shapes[reads];
    const raw = this.activations[reads].subarray(i * side * side, (i + 1) * side * side);
    return { values: Float32Array.from(raw, (value) => (value / 255) * this.activations[`${reads}/max`]), raw, largest: 255, side };
  }

  /** All sums, and how much each input adds where this map is lit. */
  convolve() {
    const { kernel, bias, padded, layer } = this.told;
    const size = kernel[0].length, [, side] = this.shapes[layer];
    const shift = padded ? (size - 1) >> 1 : 0;
    const inputs = kernel.map((_, i) => this.input(i));
    const parts = inputs.map(({ values, side: wide }, i) => {
      const sums = new Float32Array(side * side);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          for (let v = 0; v < size; v++) {
            for (let u = 0; u < size; u++) {
              const [py, px] = [y + v - shift, x + u - shift];
              if (py >= 0 && px >= 0 && py < wide && px < wide) sums[y * side + x] += kernel[i][v][u] * values[py * wide + px];
            }
          }
        }
      }
      return sums;
    });
    const total = new Float32Array(side * side).map((_, p) => bias + parts.reduce((sum, part) => sum + part[p], 0));
    const lit = [...total.keys()].filter((p) => total[p] > 0);
    const fed = parts.map((part) => lit.reduce((sum, p) => sum + part[p], 0) / (lit.length || 1));
    const order = [...fed.keys()].sort((a, b) => Math.abs(fed[b]) - Math.abs(fed[a]));
    const best = inputs.length > 1 ? order[0] : 0;
    Object.assign(this, { total, part: parts[best], size, side, shift, best, picture: inputs[best] });
    get("at").max = side * side - 1;
    const { reads } = this.told;
    get("from").textContent = reads ? `${reads}, map ${best + 1}, which feeds it most` : "The drawing as it is seen";
    ink(get("input"), this.picture.raw, { largest: this.picture.largest, side: this.picture.side });
    get("fed-block").hidden = inputs.length < 2;
    get("fed").replaceChildren(...order.slice(0, FED).map((i) => {
      const button = element("button", "thumb");
      button.append(thumbnail(inputs[i].raw, inputs[i].side, `${reads}, map ${i + 1}`, `${i + 1}: ${signedText(fed[i])}`, 255));
      button.addEventListener("click", () => this.open(`${reads}.${i}`));
      return button;
    }));
    this.move(Math.min(side * side - 1, this.at ?? total.indexOf(Math.max(...total))));
  }

  /** The kernel at one place: what it covers, the products, and what comes out. */
  move(at) {
    const { told: { kernel, bias }, size, side, shift, best, total, part, picture } = this;
    this.at = at;
    const [x, y] = [at % side, Math.floor(at / side)];
    const weights = kernel[best].flat();
    const products = weights.map((weight, i) => {
      const [px, py] = [x + (i % size) - shift, y + Math.floor(i / size) - shift];
      const inside = px >= 0 && py >= 0 && px < picture.side && py < picture.side;
      return inside ? weight * picture.values[py * picture.side + px] : 0;
    });
    ring(get("window"), x - shift, y - shift, size, picture.side);
    ring(get("pixel"), x, y, 1, side);
    cells(get("kernel"), weights);
    cells(get("products"), products);
    ink(get("output"), total.map((value) => Math.max(0, value)), { largest: Math.max(1e-6, ...total), side });
    get("at").value = at;
    const others = total[at] - bias - part[at];
    const more = kernel.length > 1 ? `, the other ${kernel.length - 1} maps ${signedText(others)}` : "";
    const text = `Products ${signedText(part[at])}${more}, bias ${signedText(bias)}: together ${signedText(total[at])}. ReLU ${total[at] > 0 ? "keeps it" : "makes it 0"}.`;
    get("sum").textContent = text;
    get("at").setAttribute("aria-valuetext", `row ${y + 1}, column ${x + 1}. ${text}`);
  }

  point(event, name) {
    const box = event.target.getBoundingClientRect();
    const wide = name === "input" ? this.picture.side : this.side;
    const away = name === "input" ? this.shift - ((this.size - 1) >> 1) : 0;
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) => Math.min(this.side - 1, Math.max(0, Math.floor(share * wide) + away)));
    this.slide(false);
    this.move(y * this.side + x);
  }

  slide(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => document.hidden || !this.total || this.move((this.at + 1) % this.total.length), STEP) : null;
    get("play").textContent = on ? "Hold still" : "Slide the kernel";
  }

  /** A neuron of the last layer: what it says for each digit. */
  weigh() {
    const { weights, layer, unit } = this.told;
    const active = (this.activations[layer][unit] / 255) * this.activations[`${layer}/max`];
    const largest = Math.max(...weights.map(Math.abs));
    get("bars").replaceChildren(...weights.map((weight, digit) => {
      const figure = element("figure", "tile");
      const caption = element("figcaption"), meter = element("div", "meter"), bar = element("i", weight > 0 ? "plus" : "");
      caption.append(element("b", "", digit), element("span", "", signedText(weight * active)));
      bar.style.setProperty("--c", weight / largest);
      meter.append(bar);
      figure.append(caption, meter);
      return figure;
    }));
    get("says").textContent = `It is at ${active.toFixed(2)} now. Times its weights, this adds to the score of each digit:`;
  }
}

function ring(place, x, y, size, side) {
  for (const [name, value] of Object.entries({ left: x, top: y, width: size, height: size })) place.style[name] = `${(100 * value) / side}%`;
}

function thumbnail(pixels, side, said, caption, largest) {
  const figure = element("figure");
  const canvas = element("canvas", "ink");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", said);
  if (pixels?.length) ink(canvas, pixels, { largest, side });
  figure.append(canvas, element("figcaption", "", caption));
  return figure;
}
