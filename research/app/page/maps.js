// Which pixel would make it more of a 3: signed maps for each class.

import { element, percent } from "./cards.js";
import { TAB } from "./own.js";
import { biggest, signed } from "./paint.js";

export class Maps {
  constructor() {
    this.causal = new Map(); // network -> its maps, fetched once
    this.tiles = Array.from({ length: 10 }, (_, digit) => {
      const figure = element("figure", "tile");
      const canvas = element("canvas", "signed");
      const caption = element("figcaption");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Map of class ${digit}`);
      caption.append(element("b", "", digit), element("span"));
      figure.append(canvas, caption);
      return figure;
    });
    document.getElementById("maps-grid").replaceChildren(...this.tiles);
  }

  /** Maps of a network: its `slopes` [10 28 28] at the drawing (null before they are there), these times the drawing,
   *  or its causal index; with the drawing's probabilities where this network is asked for them. */
  async show(model, kind, slopes, seen, probabilities) {
    const asked = this.asked = {};
    const maps = kind === "causal" ? await this.index(model) : slopes;
    if (!maps || asked !== this.asked) return;
    document.getElementById("maps-outline").disabled = kind === "causal";
    const outlined = kind !== "causal" && document.getElementById("maps-outline").checked;
    const values = kind === "share" ? maps.map((value, i) => value * seen[i % 784]) : maps;
    const largest = biggest(values);
    ["−", "+"].forEach((sign, i) => { document.querySelectorAll("#maps-scale output")[i].textContent = `${sign}${largest.toPrecision(2)}`; });
    this.tiles.forEach((figure, digit) => {
      const [canvas, caption] = figure.children;
      const own = values.subarray(784 * digit, 784 * (digit + 1));
      signed(canvas, own, { largest, under: outlined ? seen : null });
      caption.lastElementChild.textContent = probabilities ? percent(probabilities[digit]) : "";
    });
  }

  /** The causal index of a network. */
  async index(model) {
    if (!this.causal.has(model)) {
      const answer = await fetch(`/api/causal/${model}?tab=${TAB}`);
      if (!answer.ok) throw new Error("the causal index could not be fetched");
      this.causal.set(model, new Float32Array(await answer.arrayBuffer()));
    }
    return this.causal.get(model);
  }
}
