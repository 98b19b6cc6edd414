"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 8
TITLE = "Drawings"
QUESTION = "Which recogniser still reads a digit that is wider, more slanted, shifted or thicker than those it knows?"
METHOD = (
    "The 1,028 sevens and a random sample of all digits of the test set are deformed by one family at a time, in "
    "steps, and given to the document's three models. Accuracies are shares of the images with Wilson's 95 % "
    "interval; where there are several networks of a kind, the mean over them. PCA is fitted on the 60,000 training "
    "images, as in the document; distances are in the plane of its first two components."
)
DIFFERENCES = (
    "The document shows two hand-drawn sevens; we deform the test set's sevens, so that there is an n.",
    "The document's wide seven is taken to be a seven stretched to the whole width of the frame: MNIST digits fit a "
    "box of 20 pixels, so that is the factor 1.4.",
    "Its drawings are shrunk from a canvas as they are; ours keep MNIST's position but for the deformation.",
    "The document's networks and recipes are known by their layers only; ours are those of the study of recognisers.",
)
