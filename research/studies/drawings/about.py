"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 8
TITLE = "Drawings"
QUESTION = (
    "Which recogniser still reads a seven that is wide and close to the edge, and where do the maps put it?"
)
METHOD = (
    "A plain seven is an unchanged test seven. A funky one is stretched to 1.4 times its width and moved by up to 4 pixels "
    "to the right; no stroke leaves the frame. A grid of widths and shifts, and other directions, are measured as well. "
    "Predictions are crossed, networks × sevens, and the interval is for new networks and new sevens; the nearest "
    "neighbours are the same for all pairs of networks. PCA, t-SNE and nearest neighbours have no seed: they are "
    "repeated on disjoint tenths of the training digits, each with its own tenth of the test sevens. Single families "
    "of deformations (width about the middle of the frame, slant, shift, thickness) are measured on all digits. For the "
    "filters, the upper 30 % of a seven's height is its bar and the rest its slash."
)
DIFFERENCES = (
    "The document shows two hand-drawn sevens; we take the test set's sevens and deform them.",
    "The document does not say how wide and how close to the edge its funky seven is: we fixed a factor of 1.4 and a "
    "shift of 4 pixels before measuring, and report the grid around them.",
    "The document adds a drawing to a t-SNE of a subset of unknown size; we place each seven alone in a finished map.",
    "The document's colours of positive and negative depend on the arbitrary sign of a component; we choose the sign with "
    "which plain sevens lie on the negative side.",
    "The document shows the second layer's activations for one drawing; we choose two filters of each network on half of "
    "the sevens and score them on the other half.",
    "The document gives only the layers of its networks; ours are trained as in the study of recognisers.",
)
