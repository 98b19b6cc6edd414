// What you see, in a few words for each view.

const TEXTS = {
  overview:
    "Three models read the drawing, made 28×28, and three maps place it among {points} training digits. The framed picture is " +
    "your drawing; its five nearest digits are ringed. Point at a dot to see its digit, at a bar to see which pixels speak for " +
    "that digit; the wheel zooms a map. Try the funky 7 “as drawn”, then “centred”. A network of your own (.onnx, .npz, " +
    ".safetensors) can be dropped on the page. {measured}",
  eigen:
    "Eigen-images (principal components) are the directions in which training digits differ most. A red bar means that the " +
    "drawing has more of this image than the mean digit, a blue bar less. The first two numbers are its place on the PCA map.",
  activations:
    "The output of each layer for this drawing: dark is strong (bright in the dark theme). A map is strong where its filter " +
    "fits: edges of one direction in the first convolution, strokes and their ends in the second. Click a map to see how it is made.",
  maps:
    "Red: more ink here raises the score of this digit; blue: it lowers the score. “At this drawing” is the slope of the score, “times " +
    "the drawing” is the slope times the ink, and the causal index is the mean slope over 200 test digits, whatever is drawn.",
  pair:
    "Two dense networks of the same shape. The robust one was trained on digits that an adversary had moved by up to 2 (the Euclidean " +
    "distance, pixels from 0 to 1). The alphabets are images that each network takes for 0 to 9, found by gradient ascent from " +
    "soft blobs. The adversary changes your drawing so that one network misreads it. {measured}",
  portrait:
    "Which image makes the network 99 % sure of a digit? The search tries 500 masks a generation and keeps the best; the gradient " +
    "changes all pixels at once. “Keep close” holds the image near the drawing. Often so little changes that a person, or another " +
    "network, still reads the old digit: put the image on the pad and see.",
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
