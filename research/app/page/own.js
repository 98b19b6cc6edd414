// A network of the visitor's own: a file that is dropped on the page or chosen. The server keeps it while the page is
// open, for this page alone; after a lost connection it is sent again.

export const KINDS = /\.(onnx|npz|safetensors)$/i;
export const TAB = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const brought = new Map(); // name -> file

/** Sends a network; returns its number, title and accuracy. Throws with the reason where it is none. */
export async function bring(file) {
  const answer = await fetch(`/api/network?tab=${TAB}&name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  brought.set(file.name, file);
  return said;
}

/** Sends all networks again that were brought before; whether there was one. */
export async function again() {
  for (const file of brought.values()) await bring(file);
  return brought.size > 0;
}
