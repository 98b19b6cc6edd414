// An identikit as it is drawn, generation by generation.

import { element, percent } from "./cards.js";
import { gif } from "./gif.js";
import { colour, ink, sharp, signed } from "./paint.js";
import { offer } from "./save.js";

const METHODS = ["search", "ascent"], STARTS = ["drawing", "blank"]; // in the order of their numbers
const CLOSEST = 2; // of the "keep close" slider: weight of the squared distance
const ENDS = ["", "sure enough", "no further gain", "stopped"];
const get = (id) => document.getElementById(`portrait-${id}`);

export class Portrait {
  /** `ask(wish)` starts one, from `drawing()` or nothing, and gives its number; `stop()` ends it, `take(pixels, said)`
   *  puts it on the pad, `ended(pixels)` hears of its end. */
  constructor({ ask, drawing, stop, take, ended }) {
    Object.assign(this, { ask, drawing, ended, curve: [], next: null });
    for (let digit = 0; digit < 10; digit++) {
      const button = element("button", "", digit);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.press(digit));
      get("digits").append(button);
    }
    get("stop").addEventListener("click", () => { this.next = null; stop(); });
    const closeness = () => { get("close").disabled = get("start").value === "blank"; }; // to nothing there is no distance
    get("start").addEventListener("change", closeness);
    closeness();
    this.stop = stop;
    get("take").addEventListener("click", () => take(this.now.image, `The identikit of a ${this.digit}.`));
    get("gif").addEventListener("click", () => offer(gif(this.frames), `identikit-${this.digit}.gif`));
    new ResizeObserver(() => this.plot()).observe(get("curve"));
  }

  /** Another digit while one runs: that one is stopped, and this one begins when it has ended. */
  press(digit) {
    this.next = null;
    if (!this.running) return this.start(digit);
    this.next = digit;
    this.mark(digit);
    get("caption").textContent = "stopping the one before";
    return this.stop();
  }

  /** After one has ended: begins the digit that was pressed meanwhile. */
  follow() {
    if (this.next !== null) this.press(this.next);
  }

  mark(digit) {
    [...get("digits").querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", i === digit));
  }

  start(digit) {
    const pixels = this.drawing();
    const method = METHODS.indexOf(get("method").value), start = STARTS.indexOf(get("start").value);
    const [model, closeness] = [get("model").selectedIndex, CLOSEST * get("close").value ** 2];
    const sequence = this.ask({ pixels, model, digit, method, start, closeness, seed: Date.now() % 2 ** 31 });
    const from = start ? new Float32Array(784) : Float32Array.from(pixels);
    Object.assign(this, { digit, sequence, from, now: null, curve: [], frames: [from], running: true });
    ink(get("from"), from);
    ink(get("now"), from);
    signed(get("change"), new Float32Array(784), { largest: 1 });
    get("others").textContent = "";
    get("caption").textContent = "starting; the first one takes a little longer";
    get("stop").disabled = false;
    get("take").disabled = get("gif").disabled = true;
    this.mark(digit);
    this.plot();
  }

  hear(sequence, frame) {
    if (sequence !== this.sequence) return;
    this.now = { ...frame, image: Float32Array.from(frame.image) };
    this.running = frame.state === 0;
    this.frames.push(this.now.image);
    if (this.curve.at(-1)?.[0] !== frame.generation) this.curve.push([frame.generation, frame.confidence]);
    this.show();
    if (this.running) return;
    this.ended(this.now.image);
    this.follow();
  }

  /** What is there, drawn anew. */
  show() {
    if (this.from) ink(get("from"), this.from);
    if (!this.now) return this.plot();
    const { image, confidence, generation, evaluations, state } = this.now;
    ink(get("now"), image);
    signed(get("change"), image.map((value, i) => value - this.from[i]), { largest: 1 });
    const end = this.running ? "" : `, ${ENDS[state]}`;
    get("caption").textContent =
      `a ${this.digit}: ${percent(confidence)}${end}. Generation ${generation}, ${evaluations.toLocaleString("en")} evaluations`;
    get("stop").disabled = !this.running;
    get("take").disabled = get("gif").disabled = this.running;
    this.plot();
  }

  refused(why) {
    this.running = false;
    get("caption").textContent = why;
    get("stop").disabled = true;
    this.follow();
  }

  waits(place) {
    if (this.running) get("caption").textContent = `waiting for others: you are number ${place} in line`;
  }

  plot() {
    const canvas = get("curve");
    const { context, width, height } = sharp(canvas);
    if (!width) return;
    const last = Math.max(20, this.curve.at(-1)?.[0] ?? 0);
    const to = ([g, p]) => [44 + ((width - 60) * g) / last, height - 24 - (height - 40) * p];
    context.clearRect(0, 0, width, height);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = colour("muted");
    context.lineWidth = 1;
    for (const [level, name] of [[0, "0"], [0.5, "50 %"], [0.99, "99 %"]]) {
      const y = to([0, level])[1];
      context.strokeStyle = level === 0.99 ? colour("second") : colour("line");
      context.beginPath();
      context.moveTo(44, y);
      context.lineTo(width - 16, y);
      context.stroke();
      context.textAlign = "right";
      context.fillText(name, 38, y + 4);
    }
    context.textAlign = "center";
    context.fillText("0", 44, height - 8);
    context.fillText(`generation ${last}`, width - 50, height - 8);
    if (!this.curve.length) return;
    context.strokeStyle = colour("accent");
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    this.curve.forEach((point, i) => (i ? context.lineTo(...to(point)) : context.moveTo(...to(point))));
    context.stroke();
    const [x, y] = to(this.curve.at(-1));
    context.fillStyle = colour("accent");
    context.beginPath();
    context.arc(x, y, 3.5, 0, 7);
    context.fill();
  }
}
