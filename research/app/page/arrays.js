// What the server has before anything is drawn: how far it is, its setup, and arrays that do not change.

import { TAB } from "./own.js";

const KINDS = { labels: Uint8Array, images: Uint8Array };
const get = (id) => document.getElementById(id);

/** The setup, once the server is ready; meanwhile `tell(progress)` hears how far it is. */
export async function setup(tell = () => {}) {
  for (;;) {
    try {
      const progress = await (await fetch("/api/progress")).json();
      if (progress.ready) return await (await fetch(`/api/setup?tab=${TAB}`)).json();
      tell(progress);
    } catch {
      tell({ what: "Waiting for the server", share: 0 });
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

export async function fetchArray(name) {
  const answer = await fetch(`/api/data/${name}`);
  if (!answer.ok) throw new Error(`${name} could not be fetched`);
  return new (KINDS[name] ?? Float32Array)(await answer.arrayBuffer());
}

const last = { what: "", began: 0 };

/** Shows how far the server is: the step, and how long this step will take. */
export function preparing({ what, share, step, steps, error }) {
  if (what !== last.what) Object.assign(last, { what, began: performance.now() });
  const left = ((performance.now() - last.began) / 1000) * (1 / share - 1);
  const soon = share > 0.03 && share < 1 && left > 2 ? `, about ${left < 90 ? `${Math.ceil(left / 5) * 5} s` : `${Math.ceil(left / 60)} min`} left` : "";
  get("preparing").hidden = false;
  get("preparing-what").textContent = error ? `This did not work. ${error}` : `${step ? `Step ${step} of ${steps}. ` : ""}${what}${soon}`;
  get("preparing-what").classList.toggle("failed", Boolean(error));
  get("preparing-share").value = share;
}
