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
    const said = fragment({ ...settings, draw: await shorten(settings.draw) });
    const address = `${location.origin}/${invite()}${said && `#${said}`}`;
    get("share-link").value = address;
    const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    get("share-note").textContent = local ? "This address works on this machine alone. Start the app with --host=0.0.0.0 to let a class in." : "Whoever has this address can come in and draw.";
    const rows = qr(address);
    get("share-dialog").showModal();
    const room = Math.min(WIDE, get("share-dialog").clientWidth - 40), scale = rows ? Math.floor(room / (rows.length + 2 * MARGIN)) : 0;
    get("share-code").hidden = scale < LEAST;
    if (scale >= LEAST) paint(get("share-code"), rows, scale);
    else get("share-note").textContent += " The drawing is too long for a QR code.";
  });
  get("share-close").addEventListener("click", () => get("share-dialog").close());
  get("share-copy").addEventListener("click", async () => {
    get("share-link").select();
    try {
      await navigator.clipboard.writeText(get("share-link").value);
      get("share-copy").textContent = "Copied";
    } catch { /* without a secure connection: it is selected, to be copied by hand */ }
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
