// The left side: the pad, its tools, examples and uploads, and how the drawing is prepared.

import { EXAMPLES } from "./examples.js";
import { Pad } from "./pad.js";
import { PAD, SIDE, mnist, plain } from "./prepare.js";
import * as state from "./state.js";

const get = (id) => document.getElementById(id);

/** `changed(changes, moment)` is called with the settings that changed. */
export function desk(settings, setup, changed) {
  const pad = new Pad(get("pad"), (moment) => {
    get("hint").hidden = pad.marks.length > 0;
    ink = pad.ink();
    changed({ draw: state.encode(pad.marks, plain(ink)) }, moment);
  });
  let ink = pad.ink();

  const tool = (name) => {
    pad.tool = name;
    for (const id of ["pen", "eraser"]) get(id).setAttribute("aria-pressed", id === name);
  };
  get("pen").addEventListener("click", () => tool("pen"));
  get("eraser").addEventListener("click", () => tool("eraser"));
  get("width").addEventListener("input", ({ target }) => { pad.width = Number(target.value); });
  get("undo").addEventListener("click", () => pad.undo());
  get("clear").addEventListener("click", () => pad.add({ kind: "clear" }, performance.now()));
  for (const name of ["seven", "funky"]) {
    get(name).addEventListener("click", () => pad.set(EXAMPLES[name].map((mark) => ({ ...mark, name }))));
  }
  get("random").addEventListener("click", async () => pad.set([await test(Math.floor(Math.random() * setup.tests))]));

  get("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) upload(target.files[0]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (file) upload(file);
  });
  get("pad").addEventListener("dragover", (event) => event.preventDefault());
  get("pad").addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
  });

  for (const noise of setup.noises) {
    get("noise").append(Object.assign(document.createElement("option"), { value: noise, textContent: noise.replaceAll("_", " ") }));
  }
  for (const name of ["preparation", "noise", "strength"]) {
    get(name).value = settings[name];
    get(name).addEventListener("input", () => changed({ [name]: get(name).value }));
  }

  async function upload(file) {
    try {
      const answer = await fetch("/api/upload", { method: "POST", body: file });
      if (!answer.ok) throw new Error((await answer.json()).error);
      pad.set([{ kind: "picture", side: PAD, pixels: new Uint8Array(await answer.arrayBuffer()) }]);
      get("problem").textContent = "";
    } catch (error) {
      get("problem").textContent = `This picture was not read: ${error.message}`;
    }
  }

  async function test(number) {
    const answer = await fetch(`/api/test/${number}`);
    if (!answer.ok) throw new Error("no such test digit");
    const found = new Uint8Array(await answer.arrayBuffer());
    return { kind: "picture", side: SIDE, pixels: found.subarray(0, SIDE * SIDE), name: `test.${number}` };
  }

  return {
    pad,
    empty: () => pad.empty,
    pixels: () => (settings.preparation === "mnist" ? mnist(ink) : plain(ink)),
    put: (mark) => pad.set([mark]),
    restore: async () => pad.set(await state.decode(settings.draw, test)),
  };
}
