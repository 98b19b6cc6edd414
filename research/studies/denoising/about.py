"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 5
TITLE = "Denoising"
QUESTION = "How much of what noise costs a recogniser does an autoencoder in front of it bring back?"
METHOD = (
    "Recognisers trained on clean digits are paired with autoencoders, one trained to repeat clean digits and one to "
    "clean noisy ones. Accuracies are means over independently trained pairs with a 95 % interval over pairs. The "
    "claims are judged on 784-500-200-50-10 and on the autoencoder trained on clean digits, as the author did, under "
    "the noise of his course material as it is. Secondary rows scale each family of noise to the strength at which the "
    "network keeps 89 %; bisection finds that strength for every pair, with the same random numbers and images that "
    "are then scored. An autoencoder reproduces its input when its output explains at least 90 % of the variance of "
    "clean test pixels (the mean training image explains none of it)."
)
DIFFERENCES = (
    "The document does not describe its noise. The claims use that of its author's course material at strength 1; the "
    "secondary rows scale it, and three other families, to where the network keeps 89 %.",
    "The course material trains with RMSprop at 1e-4 for 10 epochs; ours takes Adam at 2e-3 with warm-up and linear "
    "decay for 3 epochs (the autoencoder trained on noise: 2), with the same squared error and ReLU on every layer.",
    "The document does not say which of its networks read the noisy digits; ours is its largest.",
    "Cleaned pixels are clipped to [0, 1], because the output layer may exceed 1.",
    "The preset quick scores every second test image.",
    "Corrupted digits from elsewhere (MNIST-C) are not read.",
)
