// Sharing what is on the page: its address as a link and as a QR code.

import { qr } from "./qr.js";

const MARGIN = 4; // light modules around a code
const get = (id) => document.getElementById(id);

/** `invite` is what lets others in, "?token=...", empty where the app listens on this machine alone. */
export function share(invite) {
  get("share").addEventListener("click", () => {
    const address = `${location.origin}/${invite()}${location.hash}`;
    get("share-link").value = address;
    const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    get("share-note").textContent = local ? "This address works on this machine alone. Start the app with --host=0.0.0.0 to let a class in." : "Whoever has this address can come in and draw.";
    const rows = qr(address);
    get("share-code").hidden = !rows;
    if (rows) paint(get("share-code"), rows);
    else get("share-note").textContent += " The drawing is too long for a QR code.";
    get("share-dialog").showModal();
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

/** Dark on light in both themes, as readers of codes expect. */
function paint(canvas, rows) {
  const side = rows.length + 2 * MARGIN;
  Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#000";
  rows.forEach((row, y) => row.forEach((dark, x) => dark && context.fillRect(x + MARGIN, y + MARGIN, 1, 1)));
}
