// One sentence at the pad: what the three models read, and how far they agree.

const get = (id) => document.getElementById(id);

/** The digit that most of the models read, null where no two agree, and the two lines that say so. */
export function sentence(digits, names) {
  const votes = (digit) => digits.filter((own) => own === digit).length;
  const digit = digits.find((own) => votes(own) > 1) ?? null;
  const list = (who) => who.map((i) => `${names[i].replace(" network", "")}: ${digits[i]}`).join(", ");
  if (digit === null) return { digit, head: "I cannot tell", more: `No two agree: ${list([0, 1, 2])}` };
  const others = [0, 1, 2].filter((i) => digits[i] !== digit);
  const more = others.length ? `Two of three agree. ${list(others)}` : "All three agree";
  return { digit, head: `I read ${digit === 8 ? "an" : "a"} ${digit}`, more };
}

/** Shows it in a frame that never moves; `digits` is null where there is nothing to read, and `why` says why.
 *  A `strange` drawing is farther from all training digits than nearly every test digit is: agreement means little then. */
export function show(digits, names, { why = "", strange = false } = {}) {
  const { digit, head, more } = digits ? sentence(digits, names) : { digit: null, head: why, more: "" };
  get("verdict").classList.toggle("strange", Boolean(digits) && strange);
  put("verdict-digit", digit ?? (digits ? "?" : ""));
  put("verdict-head", head);
  put("verdict-more", digits && strange ? `Unlike every digit they know: a guess. ${more}` : more);
}

/** Sets a text if it is another one: screen readers announce every change. */
function put(id, text) {
  if (get(id).textContent !== String(text)) get(id).textContent = text;
}
