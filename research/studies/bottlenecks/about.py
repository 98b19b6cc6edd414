"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 6
TITLE = "Bottlenecks"
QUESTION = (
    "How much of a digit's identity passes through two neurons, and how does the plane between them look?"
)
METHOD = (
    "The network is trained from independent seeds and scored on the 10,000 test images; accuracies are means "
    "over seeds with Student's 95 % interval. Other widths and activations of the bottleneck are trained alike, "
    "for fewer epochs in the preset quick. Likeness to t-SNE is Spearman's rank correlation of the 45 distances "
    "between class centroids in both maps of the same digits, mean over the networks, with a bootstrap interval "
    "over the ten digits."
)
DIFFERENCES = (
    "The document does not say which activation its two neurons have; ours are linear, others are measured.",
    "Optimiser and schedule are ours (Adam with warm-up and linear decay, 4 epochs).",
    "The curves over width and activation come from networks trained for one epoch in the preset quick, so that "
    "they compare with each other but lie below the network of the claim.",
    'The document says "similarities" and gives no number: read as a rank correlation above 0.',
    "t-SNE sees 5,000 test digits (the preset full: all) through their first 50 principal components.",
)
