// The drawing as a sum of eigen-images: coefficients, and what the first k of them can say.

import { element } from "./cards.js";
import { biggest, ink, signed, signedText } from "./paint.js";

const SHOWN = 24;

export class Eigen {
  constructor(setup, data, changed) {
    Object.assign(this, { setup, data, changed });
    this.count = document.getElementById("eigen-count");
    this.count.max = setup.components;
    this.count.addEventListener("input", () => changed(Number(this.count.value)));
    const n = Math.min(SHOWN, setup.components);
    this.tiles = Array.from({ length: n }, () => {
      const figure = element("figure", "tile");
      const canvas = element("canvas", "signed");
      const caption = element("figcaption");
      caption.append(element("span"), element("output"));
      const meter = element("div", "meter");
      meter.append(element("i"));
      canvas.setAttribute("role", "img");
      figure.append(canvas, caption, meter);
      return figure;
    });
    document.getElementById("eigen-grid").replaceChildren(...this.tiles);
  }

  /** Draws the eigen-images themselves, after a change of theme. */
  refresh() {
    this.tiles.forEach((figure, i) => {
      signed(figure.firstElementChild, this.data.components.subarray(784 * i, 784 * (i + 1)));
      figure.children[1].firstElementChild.textContent = i + 1;
    });
  }

  show({ seen, codes }, wanted) {
    const k = Math.min(wanted, this.setup.components);
    this.count.value = k;
    const { components, mean } = this.data;
    const built = Float32Array.from(mean);
    for (let i = 0; i < k; i++) {
      for (let p = 0; p < 784; p++) built[p] += codes[i] * components[784 * i + p];
    }
    const rest = seen.map((value, p) => value - built[p]);
    ink(document.getElementById("eigen-seen"), seen);
    ink(document.getElementById("eigen-built"), built);
    signed(document.getElementById("eigen-rest"), rest, { largest: 1 });
    const away = seen.reduce((sum, value, p) => sum + (value - mean[p]) ** 2, 0);
    const left = rest.reduce((sum, value) => sum + value ** 2, 0);
    const usual = this.setup.explained.slice(0, k).reduce((a, b) => a + b, 0);
    document.getElementById("eigen-k").textContent = k;
    document.getElementById("eigen-caption").textContent = `Mean + ${k} eigen-images`;
    document.getElementById("eigen-share").textContent =
      `They explain ${Math.round(100 * (1 - left / away))} % of what sets this drawing apart from the mean digit; ` +
      `of all training digits ${Math.round(100 * usual)} %.`;
    const largest = biggest(codes);
    this.tiles.forEach((figure, i) => {
      const [canvas, caption, meter] = figure.children;
      const bar = meter.firstElementChild;
      caption.lastElementChild.textContent = signedText(codes[i], 1);
      bar.style.setProperty("--c", codes[i] / largest);
      bar.classList.toggle("plus", codes[i] > 0);
      figure.style.opacity = i < k ? 1 : 0.35;
      canvas.setAttribute("aria-label", `Eigen-image ${i + 1}, coefficient ${signedText(codes[i], 1)}`);
    });
  }
}
