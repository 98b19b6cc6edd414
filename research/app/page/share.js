// Sharing what is on the page: its address as a link and as a QR code.

import { qr } from "./qr.js";
import { fragment, shorten } from "./state.js";

const MARGIN = 4; // light modules around a code
const WIDE = 460; // pixels of the screen that a code may take at most
const LEAST = 3; // pixels of a module: smaller ones are not read from a screen
const get = (id) => document.getElementById(id);

/** `invite()` is what lets others in, "?token=...", empty where the app listens on this machine alone. */
export function share(settings, invite) {
  get("share").addEventListener("click", async () => {
    const others = (names) => names.split(",").map((name) => (name.startsWith("own ") ? "" : name)).join();
    const [models, about] = [settings.models, settings.about].map(others);
    const said = fragment({ ...settings, models: models === "," ? "" : models, about, draw: await shorten(settings.draw) });
    const address = `${location.origin}/${invite()}${said && `#${said}`}`;
    get("share-link").value = address;
    const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    get("share-note").textContent = local ? "This address works on this machine alone. Start the app with --host=0.0.0.0 to let a class in." : "Whoever has this address can come in and draw.";
    if (models !== settings.models || about !== settings.about) get("share-note").textContent += " Your own network stays with this page.";
    const rows = qr(address);
    get("share-copy").textContent = "Copy";
    get("share-dialog").showModal();
    const room = Math.min(WIDE, get("share-dialog").clientWidth - 40), scale = rows ? Math.floor(room / (rows.length + 2 * MARGIN)) : 0;
    get("share-code").hidden = scale < LEAST;
    if (scale >= LEAST) paint(get("share-code"), rows, scale);
    else get("share-note").textContent += " The drawing is too long for a QR code.";
  });
  get("share-close").addEventListener("click", () => get("share-dialog").close());
  get("share-copy").addEventListener("click", async () => {
    get("share-link").select();
    const written = await navigator.clipboard?.writeText(get("share-link").value).then(() => true, () => false);
    get("share-copy").textContent = written || document.execCommand("copy") ? "Copied" : "Press Ctrl+C"; // plain HTTP has no clipboard
  });
}

/** Dark on light in both themes, as readers of codes expect; every module `scale` whole pixels wide. */
function paint(canvas, rows, scale) {
  const side = scale * (rows.length + 2 * MARGIN);
  Object.assign(canvas, { width: side, height: side });
  canvas.style.width = `${side}px`;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#000";
  rows.forEach((row, y) => row.forEach((dark, x) => dark && context.fillRect((x + MARGIN) * scale, (y + MARGIN) * scale, scale, scale)));
}
