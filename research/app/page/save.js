// The view as a picture, the numbers as JSON.

import { colour } from "./paint.js";

/** All visible canvases, bars and words, each where it stands on the page and as large. */
export function picture() {
  const box = document.getElementById("app").getBoundingClientRect();
  const ratio = 2;
  const sheet = Object.assign(document.createElement("canvas"), { width: box.width * ratio, height: box.height * ratio });
  const context = sheet.getContext("2d");
  context.scale(ratio, ratio);
  context.translate(-box.left, -box.top);
  context.fillStyle = colour("paper");
  context.fillRect(box.left, box.top, box.width, box.height);
  context.imageSmoothingEnabled = false;
  for (const item of document.querySelectorAll("main canvas, .bar")) {
    const { left, top, width, height } = item.getBoundingClientRect();
    if (!width) continue;
    if (item.matches("canvas")) {
      context.filter = getComputedStyle(item).filter;
      context.drawImage(item, left, top, width, height);
      context.filter = "none";
    } else {
      const share = Number(item.firstElementChild.style.getPropertyValue("--p")) || 0;
      const full = item.firstElementChild.getBoundingClientRect().height;
      context.fillStyle = item.matches(".best") ? colour("accent") : colour("muted");
      context.fillRect(left, top + full * (1 - share), width, full * share);
    }
  }
  for (const item of document.querySelectorAll("main figcaption, main h2, main .says, main .bar, main .see, #verdict, #origin")) words(context, item);
  for (const item of document.querySelectorAll(".card select")) {
    const { left, bottom, width } = item.getBoundingClientRect();
    if (width) word(context, item.selectedOptions[0]?.textContent ?? "", getComputedStyle(item), left, bottom - 9, width);
  }
  sheet.toBlob((blob) => offer(blob, "identikit.png"));
}

/** Arrays become lists, rounded to five digits, at any depth. */
export function numbers(found) {
  const plain = (name, value) => (ArrayBuffer.isView(value) ? Array.from(value, (v) => Math.round(v * 1e5) / 1e5) : value);
  offer(new Blob([JSON.stringify(found, plain)], { type: "application/json" }), "identikit.json");
}

/** Every word of an element, in its own font and colour, at the place where the page has it. */
function words(context, element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const { 0: text, index } of node.data.matchAll(/\S+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + text.length);
      const { left, bottom, width, height } = range.getBoundingClientRect();
      if (width) word(context, text, getComputedStyle(node.parentElement), left, bottom - 0.22 * height, width);
    }
  }
}

function word(context, text, { color, font }, x, y, width) {
  context.fillStyle = color;
  context.font = font;
  context.fillText(text, x, y, width);
}

/** Lets the browser save it. */
export function offer(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
