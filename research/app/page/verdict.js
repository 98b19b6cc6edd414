// One sentence at the pad: what the three models read, and how far they agree.

const get = (id) => document.getElementById(id);

/** The digit that most of the models read, null where no two agree, and the two lines that say so. */
function sentence(digits, names) {
  const votes = (digit) => digits.filter((own) => own === digit).length;
  const digit = digits.find((own) => votes(own) > 1) ?? null;
  if (digit === null) return { digit, head: "I cannot tell", more: `They read ${digits[0]}, ${digits[1]} and ${digits[2]}.` };
  const other = digits.findIndex((own) => own !== digit);
  const more = other < 0 ? "All three agree." : `Two of three agree. ${names[other].replace(" network", "")}: ${digits[other]}`;
  return { digit, head: `I read ${digit === 8 ? "an" : "a"} ${digit}`, more };
}

/** Shows it in a frame that never moves; `digits` is null where there is nothing to read, and `why` says why, in up to
 *  two parts. A `strange` drawing is farther from all training digits than nearly every test digit is: agreement means
 *  little then. */
export function show(digits, names, { why: [head, more = ""] = [""], strange = false } = {}) {
  const said = digits ? sentence(digits, names) : { digit: "", head, more };
  get("verdict").classList.toggle("strange", Boolean(digits) && strange);
  put("verdict-digit", said.digit ?? "?");
  put("verdict-head", said.head);
  put("verdict-more", digits && strange ? `Unlike every digit they know: a guess. ${said.more.split(". ")[0]}` : said.more);
}

/** Sets a text if it is another one: screen readers announce every change. */
function put(id, text) {
  if (get(id).textContent !== String(text)) get(id).textContent = text;
}
