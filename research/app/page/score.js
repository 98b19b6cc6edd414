// "Was it right?": the true digit of a drawing, told by whoever drew it, and how often each model was right so far.

import { element } from "./cards.js";
import { offer } from "./save.js";

const KEY = "identikit-score";
const get = (id) => document.getElementById(id);

export class Score {
  /** `now()` gives what the models read, { digits, names, draw }, or null where there is nothing to read. */
  constructor(now) {
    this.now = now;
    try {
      this.rows = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    } catch {
      this.rows = [];
    }
    for (let digit = 0; digit < 10; digit++) {
      const button = element("button", "", digit);
      button.addEventListener("click", () => this.tell(digit));
      get("score-digits").append(button);
    }
    get("score-save").addEventListener("click", () => offer(new Blob([this.table()], { type: "text/csv" }), "identikit-score.csv"));
    get("score-forget").addEventListener("click", () => this.keep([]));
    this.keep(this.rows);
  }

  /** The drawing was this digit; the same drawing counts once. */
  tell(label) {
    const read = this.now();
    if (read) this.keep([...this.rows.filter(({ draw }) => draw !== read.draw), { label, ...read }]);
  }

  /** What is read now, if anything: only then can be said what it was, and the button of what was said is pressed. */
  show(read) {
    const told = read && this.rows.find(({ draw }) => draw === read.draw)?.label;
    [...get("score-digits").children].forEach((button, digit) => {
      button.disabled = !read;
      button.setAttribute("aria-pressed", read !== null && digit === told);
    });
  }

  keep(rows) {
    this.rows = rows;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(rows));
    } catch { /* then a reload forgets them */ }
    const scores = new Map();
    for (const { label, digits, names } of rows) {
      names.forEach((name, i) => {
        const [right, of] = scores.get(name) ?? [0, 0];
        scores.set(name, [right + (digits[i] === label), of + 1]);
      });
    }
    get("score-text").textContent = rows.length ? [...scores].map(([name, [right, of]]) => `${name} ${right} of ${of}`).join(", ") : "Say which digit you drew; the page counts who was right. Test digits are counted by themselves.";
    get("score-save").hidden = get("score-forget").hidden = !rows.length;
    this.show(this.now());
  }

  /** The rows as CSV: the true digit, then each model's name and answer, then the drawing as the address has it. */
  table() {
    const cell = (text) => `"${String(text).replaceAll('"', '""')}"`;
    const lines = this.rows.map(({ label, digits, names, draw }) => [label, ...names.flatMap((name, i) => [cell(name), digits[i]]), cell(draw)].join());
    return ["digit,model 1,answer 1,model 2,answer 2,model 3,answer 3,drawing", ...lines, ""].join("\n");
  }
}
