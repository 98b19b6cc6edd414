// The socket: binary messages as research/app/wire.py describes them. The newest drawing wins, and a lost
// connection comes back by itself.

import { TAB } from "./own.js";

const HEAD = 20;
const PIXELS = 784;
const IN_FLIGHT = 2;
export const ANSWER = 1, ACTIVATIONS = 2, JACOBIAN = 3, PORTRAIT = 4;

/** The arrays of an answer by name, as its layout says; numbers where the shape is empty. */
export function decode(layout, buffer, offset = 8) {
  const found = {};
  for (const { name, dtype, shape } of layout) {
    const size = shape.reduce((a, b) => a * b, 1);
    const kind = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array }[dtype];
    const array = new kind(buffer, offset, size);
    found[name] = shape.length ? array : array[0];
    offset += size * kind.BYTES_PER_ELEMENT;
  }
  return found;
}

function message(kind, a, b, c, sequence, d, e, seed, number, pixels) {
  const buffer = new ArrayBuffer(HEAD + (pixels ? 4 * PIXELS : 0));
  const view = new DataView(buffer);
  [kind, a, b, c].forEach((value, i) => view.setUint8(i, value));
  view.setUint32(4, sequence, true);
  view.setUint8(8, d);
  view.setUint8(9, e);
  view.setUint32(12, seed, true);
  view.setFloat32(16, number, true);
  if (pixels) new Float32Array(buffer, HEAD).set(pixels);
  return buffer;
}

export class Link {
  /** `hear(kind, model, sequence, buffer)` gets every answer, `note(object)` every text, `status(live)` the rest. */
  constructor({ hear, note, status }) {
    Object.assign(this, { hear, note, status });
    this.sequence = 0; // of drawings
    this.asked = 0; // identikits
    this.waiting = null; // the drawing to send as soon as there is room
    this.sent = new Map(); // sequence -> when it was sent
    this.pause = 250;
    this.open();
  }

  open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live?tab=${TAB}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.live = true;
      this.status(true);
      this.sent.clear();
      this.flush();
    };
    socket.onmessage = ({ data }) => {
      this.pause = 250;
      if (typeof data === "string") {
        const said = JSON.parse(data);
        if (said.error) this.sent.clear();
        this.note(said);
        return;
      }
      const view = new DataView(data);
      const [kind, model, sequence] = [view.getUint8(0), view.getUint8(1), view.getUint32(4, true)];
      if (kind === ANSWER) {
        for (const earlier of this.sent.keys()) if (earlier <= sequence) this.sent.delete(earlier);
        this.flush();
      }
      this.hear(kind, model, sequence, data);
    };
    socket.onclose = (event) => {
      this.live = false;
      this.status(false, event.reason);
      setTimeout(() => this.open(), this.pause);
      this.pause = Math.min(4000, this.pause * 1.7);
    };
    this.socket = socket;
  }

  /** Asks for everything about a drawing; one that waits is replaced. Returns its number. */
  draw({ pixels, wants, models, about, noise, strength, seed }) {
    const sequence = ++this.sequence;
    this.waiting = { sequence, buffer: message(1, wants, models[0], models[1], sequence, noise, about, seed, strength, pixels) };
    this.flush();
    return sequence;
  }

  flush() {
    if (!this.waiting || !this.live) return;
    const now = performance.now();
    for (const [earlier, when] of this.sent) if (now - when > 2000) this.sent.delete(earlier);
    if (this.sent.size >= IN_FLIGHT) return;
    this.sent.set(this.waiting.sequence, now);
    this.socket.send(this.waiting.buffer);
    this.waiting = null;
  }

  ask({ pixels, model, digit, method, start, closeness, seed }) {
    const sequence = ++this.asked;
    if (this.live) this.socket.send(message(2, model, digit, method, sequence, start, 0, seed, closeness, pixels));
    return sequence;
  }

  stop() {
    if (this.live) this.socket.send(message(3, 0, 0, 0, 0, 0, 0, 0, 0));
  }
}
