// The view as a picture, the numbers as JSON.

import { colour } from "./paint.js";

/** All visible canvases and their captions, where they stand on the page. */
export function picture() {
  const box = document.getElementById("app").getBoundingClientRect();
  const ratio = 2;
  const sheet = Object.assign(document.createElement("canvas"), { width: box.width * ratio, height: box.height * ratio });
  const context = sheet.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = colour("paper");
  context.fillRect(0, 0, box.width, box.height);
  context.imageSmoothingEnabled = false;
  for (const item of document.querySelectorAll("main canvas, main figcaption, .card h2, .says, .bar, .card select")) {
    const { left, top, width, height } = item.getBoundingClientRect();
    if (!width) continue;
    const [x, y] = [left - box.left, top - box.top];
    if (item.matches("canvas")) {
      context.filter = getComputedStyle(item).filter;
      context.drawImage(item, x, y, width, height);
      context.filter = "none";
    } else if (item.matches(".bar")) {
      const share = Number(item.firstElementChild.style.getPropertyValue("--p")) || 0;
      const full = item.firstElementChild.getBoundingClientRect().height;
      context.fillStyle = item.matches(".best") ? colour("accent") : colour("muted");
      context.fillRect(x, y + full * (1 - share), width, full * share);
      words(context, item.textContent, x + width / 2 - 3, y + height - 4);
    } else {
      words(context, item.selectedOptions?.[0]?.textContent ?? item.textContent, x, y + height - 5);
    }
  }
  sheet.toBlob((blob) => offer(blob, "identikit.png"));
}

export function numbers(found) {
  const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value, (v) => Math.round(v * 1e5) / 1e5) : value);
  const entries = Object.fromEntries(Object.entries(found).map(([name, value]) => [name, plain(value)]));
  offer(new Blob([JSON.stringify(entries)], { type: "application/json" }), "identikit.json");
}

function words(context, text, x, y) {
  context.fillStyle = colour("ink");
  context.font = "12.5px system-ui, sans-serif";
  context.fillText(text, x, y);
}

function offer(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
