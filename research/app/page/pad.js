// The drawing pad: strokes and pictures by mouse, touch, pen or keys. Every change can be undone and done again.

import { PAD } from "./prepare.js";

const STEP = 8; // pixels an arrow key moves the pen
const KEPT = 100; // drawings that undo goes back

export class Pad {
  /** `changed(moment)` is called whenever the ink does; the moment is that of the hand's movement. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.past = [[]]; // drawings, each a list of marks
    this.at = 0; // the one that is shown
    this.tool = "pen";
    this.width = 20;
    this.cursor = { x: PAD / 2, y: PAD / 2, down: false, shown: false };
    this.redraw();
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, () => this.end());
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.cursor.down = this.cursor.shown = false; this.stroke = null; this.redraw(); });
  }

  get marks() {
    return this.past[this.at];
  }

  /** The ink, 280×280 in [0, 1], without the cursor. */
  ink() {
    const { data } = this.clean ?? this.context.getImageData(0, 0, PAD, PAD);
    const ink = new Float32Array(PAD * PAD);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i] / 255;
    return ink;
  }

  /** Shows another drawing; the last one stays in the history. */
  set(marks) {
    this.keep(marks);
    this.step(0);
  }

  keep(marks) {
    this.past = [...this.past.slice(0, this.at + 1), marks].slice(-KEPT);
    this.at = this.past.length - 1;
  }

  clear() {
    if (this.marks.length) this.set([]);
  }

  /** Goes back (-1) or forth (1) in the history. */
  step(by) {
    if (!(this.at + by in this.past)) return;
    this.at += by;
    this.stroke = null;
    this.redraw();
    this.changed(performance.now());
  }

  redraw() {
    this.clean = null;
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, PAD, PAD);
    this.marks.forEach((mark) => this.paint(mark));
    this.finish();
  }

  finish(moment) {
    this.clean = null;
    if (this.cursor.shown) this.crosshair();
    if (moment !== undefined) this.changed(moment);
  }

  paint(mark) {
    const { context } = this;
    if (mark.kind === "stroke") return this.line(mark, 0);
    const image = context.createImageData(PAD, PAD);
    const cell = PAD / mark.side;
    for (let y = 0; y < PAD; y++) {
      for (let x = 0; x < PAD; x++) {
        const value = mark.pixels[Math.floor(y / cell) * mark.side + Math.floor(x / cell)];
        image.data.set([value, value, value, 255], 4 * (y * PAD + x));
      }
    }
    return context.putImageData(image, 0, 0);
  }

  /** The stroke from its point number `from` on. */
  line(stroke, from) {
    const { context } = this;
    context.strokeStyle = stroke.erase ? "#000" : "#fff";
    context.lineWidth = stroke.width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    const points = stroke.points.slice(from);
    context.moveTo(points[0][0], points[0][1]);
    if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
    points.slice(1).forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
  }

  /** Where the hand is; beyond the edge too, so that a pen that leaves the pad draws nothing along it. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const limit = (value) => Math.round(Math.min(2 * PAD, Math.max(-PAD, value)));
    return [limit(((event.clientX - box.left) / box.width) * PAD), limit(((event.clientY - box.top) / box.height) * PAD)];
  }

  begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.canvas.focus({ focusVisible: false });
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor.shown = this.cursor.down = false;
    this.redraw();
    this.stroke = this.fresh(this.place(event));
    this.line(this.stroke, 0);
    this.finish(event.timeStamp);
  }

  move(event) {
    if (!this.stroke || !event.isPrimary) return;
    const from = this.stroke.points.length - 1;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.stroke.points.push(this.place(each));
    this.line(this.stroke, from);
    this.finish(event.timeStamp);
  }

  /** Draws the stroke in one go, as undo and a reload do: piece by piece, its soft edges came out a little darker. */
  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.redraw();
    this.changed(performance.now());
  }

  /** A stroke that begins here, the newest mark of a new drawing. */
  fresh(point) {
    const stroke = { kind: "stroke", erase: this.tool === "eraser", width: this.width, points: [point] };
    this.keep([...this.marks, stroke]);
    return stroke;
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { cursor } = this;
    if (event.key in steps) {
      const [dx, dy] = steps[event.key];
      const limit = (value) => Math.min(PAD, Math.max(0, value));
      cursor.x = limit(cursor.x + dx * STEP);
      cursor.y = limit(cursor.y + dy * STEP);
      if (cursor.down && this.stroke) this.stroke.points.push([cursor.x, cursor.y]);
    } else if (event.key === " " || event.key === "Enter") {
      cursor.down = !cursor.down;
      this.stroke = cursor.down ? this.fresh([cursor.x, cursor.y]) : null;
    } else if (event.key === "Backspace" || event.key === "Delete") {
      cursor.down = false;
      if (event.key === "Delete") this.clear();
      else this.step(-1);
    } else {
      return;
    }
    event.preventDefault();
    cursor.shown = true;
    this.redraw();
    this.changed(event.timeStamp);
  }

  /** Where the keys' pen is; painted over the ink, which is kept apart. */
  crosshair() {
    this.clean = this.context.getImageData(0, 0, PAD, PAD);
    const { context, cursor } = this;
    context.strokeStyle = cursor.down ? "#4aa3df" : "#8a939b";
    context.lineWidth = 2;
    context.beginPath();
    context.arc(cursor.x, cursor.y, Math.max(5, this.width / 2), 0, 7);
    context.moveTo(cursor.x - 14, cursor.y);
    context.lineTo(cursor.x + 14, cursor.y);
    context.moveTo(cursor.x, cursor.y - 14);
    context.lineTo(cursor.x, cursor.y + 14);
    context.stroke();
  }
}
