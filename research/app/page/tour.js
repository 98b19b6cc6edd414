// A tour of six steps. Each step is a link: the address says what is drawn, how it is prepared and which view is open.

const STEPS = [
  ["draw=seven", "Three models read a 7, and three maps show where it lies among other digits. Draw one yourself: everything follows the pen."],
  ["draw=corner&preparation=plain", "The same 7, small and in a corner. Training digits have no ink there: the models misread it, often with high confidence."],
  ["draw=funky&preparation=plain", "The document’s funky 7: wide and pressed to the edges. Which of the three still reads it?"],
  ["draw=funky", "The same drawing, scaled and centred like MNIST’s digits. Switch between “as drawn” and “centred” to see what that changes."],
  ["draw=seven&noise=gaussian&strength=0.5", "A 7 with noise, and the same image cleaned by an autoencoder. Move the slider until a model misreads it."],
  ["draw=seven&view=portrait", "Press 3: the 7 changes until one network is sure of a 3. Then put it on the pad and see what the other models read."],
];
export const LAST = STEPS.length;
const get = (id) => document.getElementById(id);
const address = (step) => `#${STEPS[step - 1][0]}&tour=${step}`;

/** Shows a step, 1 to LAST; hides the tour where `step` is empty. `end()` leaves it. */
export function tour(end) {
  get("tour-begin").href = address(1);
  get("tour-end").addEventListener("click", end);
  return (said) => {
    const step = Number(said);
    get("tour").hidden = !step;
    if (!step) return;
    get("tour-step").textContent = `${step} of ${LAST}`;
    get("tour-text").textContent = STEPS[step - 1][1];
    for (const [id, to] of [["tour-back", step - 1], ["tour-next", step + 1]]) {
      get(id).hidden = to < 1 || to > LAST;
      if (!get(id).hidden) get(id).href = address(to);
    }
  };
}
