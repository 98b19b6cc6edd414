// What you see, in a few words for each view.

const TEXTS = {
  overview:
    "The drawing, made 28×28, goes to three models and into three maps of {points} training digits. The crosshair is your " +
    "drawing: it moves as you draw; its nearest digits are ringed. Point at a dot, or tap it, to see its digit; the wheel zooms. " +
    "Point at a bar to see which pixels speak for it. The funky 7 is wide and pressed to the edges: " +
    "see it “as drawn” and then “centred”. Its place misleads the networks more than its width does. A network of your own " +
    "(.onnx, .npz, .safetensors) that is dropped on the page joins the others. {measured}",
  eigen:
    "Eigen-images are the directions in which training digits differ most. A red bar means that the drawing has more of an " +
    "image than the mean digit, a blue bar less. The first two coefficients are the drawing’s place on the PCA map.",
  activations:
    "What each layer answers to this drawing: dark is strong (bright by night). A map lights up where its filter fits: edges " +
    "of one direction in the first convolution, strokes and their ends in the second. Click a map to see how it is made.",
  maps:
    "Red: more ink here makes it more of this digit; blue: less. “At this drawing” is the slope of the class’s score, “times the " +
    "drawing” what each inked pixel said for it, and the causal index the mean slope over 200 test digits, whatever is drawn.",
  pair:
    "Two dense networks of one shape. The robust one was trained on digits that an adversary had moved by up to 2. Each alphabet is what " +
    "its network takes for 0 to 9, climbed from soft blobs. The adversary moves your drawing until a network misreads it; how far " +
    "it may go is a Euclidean distance, pixels from 0 to 1. {measured}",
  portrait:
    "Which image would this network swear is a 3? Starting from the drawing, a search tries 500 masks a generation and keeps " +
    "the best, or the gradient is climbed, until the network is 99 % sure. Keeping close shows how little has to change: often " +
    "so little that a person, or another network, still reads the old digit. Put it on the pad and see.",
};
const STUDIES = { eigen: "recognisers", activations: "recognisers", maps: "recognisers", portrait: "identikits", overview: "drawings", pair: "reconstruction" };

/** Fills in the texts, with a link to the report where there is one. */
export function tell(setup) {
  for (const place of document.querySelectorAll(".see")) {
    const view = place.dataset.text;
    place.textContent = TEXTS[view].replace("{points}", setup.points.toLocaleString("en")).replace("{measured}", setup.measured[view]).trim();
    if (setup.report) {
      const link = Object.assign(document.createElement("a"), { href: `/report#${STUDIES[view]}`, textContent: "Measured in the report" });
      place.append(" ", link, ".");
    }
  }
}
