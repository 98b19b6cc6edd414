// The three models: what each says, and for the nearest neighbours who they are.

import { ink, signed } from "./paint.js";

export class Cards {
  /** `chosen(slot, number)` is called when another network is chosen for one of the first two cards, `peeked()` when a
   *  hand rests on a bar of these, which then is `this.peeked`. */
  constructor(place, setup, chosen, peeked) {
    this.peeked = null;
    this.cards = [0, 1, 2].map((slot) => this.card(slot, setup, chosen));
    place.replaceChildren(...this.cards.map(({ card }) => card));
    this.cards.slice(0, 2).forEach(({ bars }, slot) => [...bars.children].forEach((bar, digit) => {
      bar.addEventListener("pointerenter", () => { this.peeked = { slot, digit, bar }; peeked(); });
      bar.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || this.leave());
    }));
    addEventListener("pointerdown", ({ target }) => this.peeked && !target.closest(".bar") && this.leave(), true);
    const near = element("div", "near");
    this.near = Array.from({ length: shape(setup, "neighbours")[0] }, () => {
      const figure = element("figure");
      const canvas = Object.assign(element("canvas", "ink"), { width: 28, height: 28 });
      canvas.setAttribute("role", "img");
      figure.append(canvas, element("figcaption"));
      near.append(figure);
      return figure;
    });
    this.cards[2].card.append(near);
  }

  leave() {
    this.peeked = null;
    document.getElementById("tip").hidden = true;
  }

  /** Beside the bar, the pixel map of its class: `maps` [10 28 28] of the bar's network at the drawing. */
  tip(maps, seen) {
    const { digit, bar } = this.peeked, { left, bottom } = bar.getBoundingClientRect();
    const place = document.getElementById("tip");
    signed(place.firstElementChild, maps.subarray(784 * digit, 784 * (digit + 1)), { under: seen });
    place.lastElementChild.textContent = `ink on red: more of a ${digit}`;
    place.hidden = false;
    place.style.left = `${Math.min(window.innerWidth - 92, left)}px`;
    place.style.top = `${Math.min(window.innerHeight - 124, bottom + 6)}px`;
  }

  card(slot, setup, chosen) {
    const card = element("article", "card");
    const head = element("header");
    let title = element("h2", "", `${shape(setup, "neighbours")[0]} nearest of ${setup.examples.toLocaleString("en")} digits`);
    if (slot < 2) {
      title = element("select");
      title.id = `model-${slot}`;
      title.setAttribute("aria-label", `Network of card ${slot + 1}`);
      title.addEventListener("change", () => chosen(slot, title.selectedIndex));
    }
    const says = element("span", "says");
    head.append(title, says);
    const bars = element("div", "bars");
    bars.setAttribute("role", "img");
    for (let digit = 0; digit < 10; digit++) {
      const bar = element("div", "bar");
      bar.append(element("i"), document.createTextNode(digit));
      bars.append(bar);
    }
    card.append(head, bars);
    return { card, title, says, bars };
  }

  /** The networks that can be chosen, and those that are. */
  models(titles, chosen) {
    for (const slot of [0, 1]) options(this.cards[slot].title, titles, chosen[slot]);
  }

  /** The bars and neighbours of an answer; none where the drawing is `blank`. Returns what each model reads, and its name. */
  show(answer, blank) {
    const said = this.cards.map(({ title, says, bars }, slot) => {
      const probabilities = answer.probabilities.subarray(10 * slot, 10 * slot + 10);
      const best = probabilities.indexOf(Math.max(...probabilities));
      [...bars.children].forEach((bar, digit) => {
        bar.classList.toggle("best", !blank && digit === best);
        bar.firstElementChild.style.setProperty("--p", blank ? 0 : probabilities[digit]);
      });
      const sure = percent(probabilities[best], slot === 2);
      says.replaceChildren(...(blank ? [] : [element("b", "", best), " ", sure]));
      bars.setAttribute("aria-label", blank ? "nothing to read" : `${best}: ${sure}`);
      return [slot < 2 ? title.selectedOptions[0]?.textContent : "Neighbours", best];
    });
    this.near.forEach((figure, i) => {
      const [canvas, caption] = figure.children;
      const pixels = answer.neighbours.subarray(784 * i, 784 * (i + 1));
      ink(canvas, blank ? new Uint8Array(784) : pixels, { largest: 255 });
      canvas.setAttribute("aria-label", blank ? "no neighbour" : `a ${answer.labels[i]}`);
      caption.textContent = blank ? "" : `${answer.labels[i]} · ${answer.distances[i].toFixed(1)}`;
    });
    return { digits: said.map(([, best]) => best), names: said.map(([name]) => name) };
  }
}

export function element(kind, style = "", text = "") {
  const made = document.createElement(kind);
  if (style) made.className = style;
  if (text !== "") made.textContent = text;
  return made;
}

export function options(select, titles, chosen) {
  select.replaceChildren(...titles.map(({ title }) => Object.assign(element("option", "", title), { hidden: !title, disabled: !title })));
  select.selectedIndex = chosen;
}

/** A share in words; a network's confidence, unlike a share that was counted, is never 100 %. */
export function percent(share, counted = false) {
  if (!counted && share > 0.9995) return "> 99.9 %";
  return `${share > 0.995 && share < 1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
}

const shape = (setup, name) => setup.answer.find((field) => field.name === name).shape;
