// The blind test: ten identikits from unknown teachers, one choice each; then the score beside chance and the judges'.
// Answers are kept in this browser and nowhere else.

import { element } from "./cards.js";
import { ink } from "./paint.js";
import { offer } from "./save.js";

const KEY = "identikit-blind";
const get = (id) => document.getElementById(id);
let items = [], said = [];

const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
};

async function begin() {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  try {
    const answer = await fetch(`/api/blind/${seed}`);
    if (!answer.ok) throw new Error((await answer.json()).error);
    [items, said] = [await answer.json(), []];
    get("asking").hidden = false;
    get("result").hidden = true;
    ask();
  } catch (error) {
    get("problem").textContent = `No identikits: ${error.message}`;
  }
}

function ask() {
  ink(get("shown"), items[said.length].image, { largest: 255 });
  get("count").textContent = `${said.length + 1} of ${items.length}`;
}

function choose(digit) {
  if (get("asking").hidden || said.length >= items.length) return;
  said.push(digit);
  if (said.length < items.length) ask();
  else end();
}

function end() {
  const now = new Date().toISOString();
  const answers = items.map(({ image, ...item }, i) => ({ ...item, said: said[i], when: now }));
  try {
    localStorage.setItem(KEY, JSON.stringify([...kept(), ...answers]));
  } catch {
    get("problem").textContent = "This browser keeps no answers.";
  }
  get("asking").hidden = true;
  get("result").hidden = false;
  const own = right(answers);
  get("score").textContent = `You read ${own} of ${items.length}`;
  get("beside").textContent = `The judges read ${judged(answers).toFixed(1)} of the same ${items.length} on average. Guessing would give ${items.length / 10}.`;
  get("answers").replaceChildren(...items.map(card));
  totals(kept().length ? kept() : answers);
  get("score").focus();
}

/** One image with what was asked, what was said, and who made it. */
function card(item, i) {
  const figure = element("figure");
  const canvas = element("canvas", "ink");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Identikit ${i + 1}`);
  const caption = element("figcaption", said[i] === item.digit ? "" : "fooled");
  caption.append(element("b", "", `a ${item.digit}`), said[i] === item.digit ? ", as you said" : `, you said ${said[i]}`);
  figure.append(canvas, caption, element("figcaption", "", `Read by ${item.named} of ${item.judges} judges. Teacher: ${item.teacher}; ${item.reading}.`));
  ink(canvas, item.image, { largest: 255 });
  return figure;
}

const right = (answers) => answers.filter(({ digit, said: own }) => digit === own).length;
const judged = (answers) => answers.reduce((sum, { named, judges }) => sum + named / judges, 0);
const share = (value, n) => `${Math.round((100 * value) / n)} %`;

/** All that was answered in this browser, by teacher. */
function totals(answers) {
  get("total").textContent = `All your answers: ${right(answers)} of ${answers.length} read, ${share(right(answers), answers.length)}; the judges ${share(judged(answers), answers.length)}, guessing 10 %`;
  const kinds = new Map();
  for (const answer of answers) kinds.set(answer.teacher, [...(kinds.get(answer.teacher) ?? []), answer]);
  const rows = [...kinds].sort(([, a], [, b]) => judged(b) / b.length - judged(a) / a.length);
  get("kinds").replaceChildren(...rows.map(([teacher, own]) => {
    const row = element("tr");
    const head = element("th", "", teacher);
    head.scope = "row";
    row.append(head, element("td", "", share(right(own), own.length)), element("td", "", share(judged(own), own.length)), element("td", "", own.length));
    return row;
  }));
}

for (let digit = 0; digit < 10; digit++) {
  const button = element("button", "", digit);
  button.addEventListener("click", () => choose(digit));
  get("choices").append(button);
}
document.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
  if (/^\d$/.test(key) && !ctrlKey && !metaKey && !altKey) choose(Number(key));
});
get("more").addEventListener("click", begin);
get("save").addEventListener("click", () => offer(new Blob([JSON.stringify(kept(), null, 1)], { type: "application/json" }), "identikit-blind.json"));
get("forget").addEventListener("click", () => {
  localStorage.removeItem(KEY);
  begin();
});
get("theme").addEventListener("click", () => {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === "dark" ? "light" : "dark";
  if (!items.length) return;
  if (get("result").hidden) ask();
  else [...get("answers").children].forEach((figure, i) => ink(figure.firstElementChild, items[i].image, { largest: 255 }));
});
begin();
