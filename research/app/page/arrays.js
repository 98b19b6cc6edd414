// What the server has before anything is drawn: how far it is, its setup, and arrays that do not change.

import { TAB } from "./own.js";

const KINDS = { labels: Uint8Array, images: Uint8Array };
const get = (id) => document.getElementById(id);

/** The setup, once the server is ready; meanwhile the page shows how far it is. */
export async function setup() {
  for (;;) {
    try {
      const progress = await (await fetch("/api/progress")).json();
      if (progress.ready) return await (await fetch(`/api/setup?tab=${TAB}`)).json();
      if (get("app").hidden) show(progress);
    } catch {
      if (get("app").hidden) show({ what: "Waiting for the server", share: 0 });
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

export async function fetchArray(name) {
  const answer = await fetch(`/api/data/${name}`);
  if (!answer.ok) throw new Error(`${name} could not be fetched`);
  return new (KINDS[name] ?? Float32Array)(await answer.arrayBuffer());
}

const step = { what: "", began: 0 };

function show({ what, share, error }) {
  if (what !== step.what) Object.assign(step, { what, began: performance.now() });
  const left = ((performance.now() - step.began) / 1000) * (1 / share - 1);
  const soon = share > 0.03 && share < 1 && left > 2 ? `, about ${left < 90 ? `${Math.ceil(left / 5) * 5} s` : `${Math.ceil(left / 60)} min`} left` : "";
  get("preparing").hidden = false;
  get("preparing-what").textContent = error ? `This did not work. ${error}` : `${what}${soon}`;
  get("preparing-what").classList.toggle("failed", Boolean(error));
  get("preparing-share").value = share;
}
