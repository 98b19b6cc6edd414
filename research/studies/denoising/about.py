"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 5
TITLE = "Denoising"
QUESTION = (
    "How much of the accuracy that a recogniser loses to noise does an autoencoder in front of it restore?"
)
METHOD = (
    "Recognisers trained on clean digits are paired with two autoencoders, one trained to reproduce clean digits and one "
    "to clean noisy ones. Accuracies are means over independently trained pairs with a 95 % interval over pairs. The "
    "claims are judged on 784-500-200-50-10 with the autoencoder trained on clean digits, as in the document, under the "
    "noise of the author's course material. Secondary rows scale each family of noise to the strength at which the "
    "network keeps 89 %; bisection finds that strength for every pair, on the same random numbers and images that are "
    "then scored. An autoencoder reproduces its input if its output explains at least 90 % of the variance of clean test "
    "pixels (the mean training image explains none of it)."
)
DIFFERENCES = (
    "The document does not describe its noise. The claims use that of its author's course material at strength 1; the "
    "secondary rows scale it, and three other families, to where the network keeps 89 %.",
    "The course material trains with RMSprop at 1e-4 for 10 epochs; we use Adam at 2e-3 with warm-up and linear "
    "decay for 3 epochs (the autoencoder trained on noise: 2), with the same squared error and ReLU on every layer.",
    "The document does not say which of its networks read the noisy digits; we take its largest.",
    "Cleaned pixels are clipped to [0, 1], because the output layer may exceed 1.",
    "The preset quick scores every second test image.",
    "Corrupted digits from elsewhere (MNIST-C) are not read.",
)
