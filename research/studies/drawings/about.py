"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 8
TITLE = "Drawings"
QUESTION = (
    "Which recogniser still reads a seven that is wide and pressed to the edge, and where do the maps put it?"
)
METHOD = (
    "A plain seven is a test seven as it is. A funky one is stretched to 1.4 times its width and moved by up to 4 pixels "
    "to the right; no stroke leaves the frame. A grid of widths and shifts, and other directions, stand beside it. What "
    "networks read is crossed, networks × sevens, and the interval speaks for new networks and new sevens; the nearest "
    "neighbours are the same for all pairs of networks. PCA, t-SNE and nearest neighbours have no seed: they are "
    "repeated on disjoint tenths of the training digits, each with its own tenth of the test sevens. Single families "
    "of deformations (width about the middle of the frame, slant, shift, thickness) are measured on all digits. For the "
    "filters, the upper 30 % of a seven's height is its bar, the rest its slash."
)
DIFFERENCES = (
    "The document shows two hand-drawn sevens; we take the test set's sevens and deform them.",
    "How wide and how close to the edge the document's funky seven is, is not said: we fixed a factor of 1.4 and a "
    "shift of 4 pixels before measuring, and report the grid around them.",
    "The document adds a drawing to a t-SNE of a subset of unknown size; we place each seven by itself in a finished map.",
    "The document's colours of positive and negative depend on the free sign of a component; we sign components so that "
    "plain sevens lie on the negative side.",
    "The document looks at the second layer's answers to one drawing; we choose two filters of each network on half of "
    "the sevens and score them on the other half.",
    "The document's networks and recipes are known by their layers only; ours are those of the study of recognisers.",
)
