"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 6
TITLE = "Bottlenecks"
QUESTION = (
    "How much of a digit's identity passes through two neurons, and how does the plane between them look?"
)
METHOD = (
    "Networks are trained from independent seeds and scored on the 10,000 test images. The interval of the accuracy "
    "speaks for new networks on these images; a second row lets the images vary, too. Beside each network stands a "
    "t-SNE with a key and random test digits of its own; the pair is the unit. Likeness is Spearman's rank correlation "
    "of the 45 distances between class centroids in the two maps of a pair; difference is the Procrustes disparity of "
    "the two maps, the share of the t-SNE map's variance that remains after the best shift, rotation, reflection and "
    "scaling of the plane. Other widths and activations of the bottleneck are trained alike, in the preset quick for "
    "one epoch."
)
DIFFERENCES = (
    "The document does not say which activation its two neurons have; ours are linear, others are measured.",
    "Optimiser and schedule are ours (Adam with warm-up and linear decay, 4 epochs).",
    "The curves over width and activation come from networks trained for one epoch in the preset quick, so that "
    "they compare with each other but lie below the network of the claim.",
    'The document says "similarities" and gives no number: read as a rank correlation above 0.',
    'The document says "very different" by eye: read as a Procrustes disparity above .5.',
    "Each t-SNE sees 2,000 random test digits (1,000 in the preset quick) through their first 50 principal components and starts from the first "
    "two; the digits of different seeds overlap by chance.",
)
