"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 6
TITLE = "Bottlenecks"
QUESTION = "How much of a digit's identity passes through two neurons, and what does their plane look like?"
METHOD = (
    "Networks are trained from independent seeds and scored on the 10,000 test images. The interval of the accuracy "
    "is for new networks on these images; a second row is for new images, too. Each network is paired with a t-SNE "
    "that has its own key and its own random test digits; the pair is the unit. Likeness is Spearman's rank correlation "
    "of the 45 distances between class centroids in the two maps of a pair. Difference is the Procrustes disparity of "
    "the two maps, the share of the t-SNE map's variance that remains after the best shift, rotation, reflection and "
    "scaling of the plane. Other widths and activations of the bottleneck are trained in the same way, in the preset "
    "quick for one epoch."
)
DIFFERENCES = (
    "The document does not say which activation its two neurons have; ours are linear, and others are measured.",
    "Optimiser and schedule are ours (Adam with warm-up and linear decay, 4 epochs).",
    "In the preset quick the networks for the curves over width and activation are trained for one epoch, so they can be "
    "compared with each other but are less accurate than the network of the claim.",
    'The document says "similarities" and gives no number; we read it as a rank correlation above 0.',
    'The document judges "very different" by eye; we read it as a Procrustes disparity above .5.',
    "Each t-SNE sees 2,000 random test digits (1,000 in the preset quick) through their first 50 principal components and starts from the first "
    "two; the digits of different seeds overlap by chance.",
)
