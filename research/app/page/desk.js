// The left side: the pad, its tools, examples and uploads, and how the drawing is prepared.

import { percent } from "./cards.js";
import { EXAMPLES } from "./examples.js";
import { KINDS } from "./own.js";
import { Pad } from "./pad.js";
import { PAD, SIDE, mnist, plain, readable } from "./prepare.js";
import * as state from "./state.js";

const get = (id) => document.getElementById(id);

/** `changed(changes, moment)` is called with the settings that changed, `network(file)` with a network that was dropped. */
export function desk(settings, changed, network) {
  const pad = new Pad(get("pad"), (moment) => {
    ink = pad.ink();
    about();
    changed({ draw: state.encode(pad.marks, ink) }, moment);
  });
  let ink = pad.ink();

  tools(pad);
  for (const name of ["seven", "funky", "flag"]) {
    get(name).addEventListener("click", () => pad.set(EXAMPLES[name].map((mark) => ({ ...mark, name }))));
  }
  pictures((file) => (KINDS.test(file.name) ? take(file) : upload(file)));

  for (const name of ["noise", "strength"]) get(name).addEventListener("input", () => changed({ [name]: get(name).value }));
  get("preparation").addEventListener("change", ({ target }) => changed({ preparation: target.value }));

  /** What is on the pad, where it does not show by itself. */
  function about() {
    const { marks } = pad;
    get("hint").hidden = marks.length > 0;
    get("undo").disabled = pad.at === 0;
    get("redo").disabled = pad.at === pad.past.length - 1;
    get("clear").disabled = !marks.length;
    const named = marks.find(({ said }) => said);
    get("origin").textContent = named?.said ?? "";
    get("original").hidden = !named?.address;
    if (named?.address) get("original").src = named.address;
    const fixed = state.exact(marks);
    get("preparation").disabled = fixed;
    get("preparation").title = fixed ? "A picture of 28×28 pixels goes in as it is" : "";
  }

  async function upload(file) {
    try {
      const answer = await fetch("/api/upload", { method: "POST", body: file });
      if (!answer.ok) throw new Error((await answer.json()).error);
      const pixels = new Uint8Array(await answer.arrayBuffer());
      const said = "Your picture; the pad shows what was kept of it as ink.";
      pad.set([{ kind: "picture", side: PAD, pixels, said, address: URL.createObjectURL(file) }]);
      get("problem").textContent = "";
    } catch (error) {
      get("problem").textContent = `${file.name} was not read: ${error.message}.${file.type.startsWith("image/") ? "" : " A network must be .onnx, .npz or .safetensors."}`;
    }
  }

  async function take(file) {
    get("problem").textContent = "";
    get("origin").textContent = `Reading the network ${file.name}`;
    try {
      const { title, accuracy, of } = await network(file);
      get("origin").textContent = `${title} reads ${percent(accuracy, true)} of ${of} test digits. It is in every list of networks.`;
    } catch (error) {
      get("origin").textContent = "";
      get("problem").textContent = `This network was not read: ${error.message}.`;
    }
  }

  async function test(number) {
    const answer = await fetch(`/api/test/${number}`);
    if (!answer.ok) throw new Error("no such test digit");
    const found = new Uint8Array(await answer.arrayBuffer());
    const label = found[SIDE * SIDE], said = `Test digit no. ${number}, labelled ${label}.`;
    return { kind: "picture", side: SIDE, pixels: found.subarray(0, SIDE * SIDE), name: `test.${number}`, label, said };
  }

  return {
    pad,
    readable: () => readable(ink),
    started: () => pad.marks.length > 0,
    /** The digit that a test digit is; null of other drawings. */
    label: () => (pad.marks.length === 1 ? pad.marks[0].label ?? null : null),
    pixels: () => (settings.preparation === "mnist" && !state.exact(pad.marks) ? mnist(ink) : plain(ink)),
    put: (mark) => pad.set([mark]),
    /** Adds what only the server knows: its test digits and kinds of noise. */
    equip: ({ tests, noises }) => {
      get("random").addEventListener("click", async () => pad.set([await test(Math.floor(Math.random() * tests))]));
      get("noise").append(...noises.map((noise) => new Option(noise.replaceAll("_", " "), noise)));
      for (const id of ["random", "noise", "strength"]) get(id).disabled = false;
    },
    say: (text) => { get("origin").textContent = text; },
    /** The controls as the settings have them. */
    controls: () => {
      for (const name of ["noise", "strength"]) get(name).value = settings[name];
      get("preparation").querySelector(`[value="${settings.preparation}"]`).checked = true;
    },
    /** Draws what the address has, at first with the history that this tab kept; returns it if it means nothing. */
    restore: async (first) => {
      const { draw } = settings;
      const kept = first && state.recall(draw);
      if (kept) Object.assign(pad, kept);
      else if (first) pad.past = [await state.decode(draw, test)];
      else pad.keep(await state.decode(draw, test));
      pad.step(0);
      return draw && !pad.marks.length ? [`draw=${draw.slice(0, 20)}`] : [];
    },
  };
}

function tools(pad) {
  const tool = (name) => {
    pad.tool = name;
    for (const id of ["pen", "eraser"]) get(id).setAttribute("aria-pressed", id === name);
  };
  get("pen").addEventListener("click", () => tool("pen"));
  get("eraser").addEventListener("click", () => tool("eraser"));
  get("width").addEventListener("input", ({ target }) => { pad.width = Number(target.value); });
  get("undo").addEventListener("click", () => pad.step(-1));
  get("redo").addEventListener("click", () => pad.step(1));
  get("clear").addEventListener("click", () => pad.clear());
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(event.key.toLowerCase())) return;
    event.preventDefault();
    pad.step(event.key.toLowerCase() === "y" || event.shiftKey ? 1 : -1);
  });
}

/** Files that are chosen, pasted, or dropped anywhere on the page. */
function pictures(upload) {
  get("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) upload(target.files[0]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (file) upload(file);
  });
  const dropping = (over) => document.documentElement.classList.toggle("dropping", over);
  document.addEventListener("dragover", (event) => { event.preventDefault(); dropping(true); });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? dropping(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropping(false);
    if (event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
  });
}
