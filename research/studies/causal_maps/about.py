"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 3
TITLE = "Causal maps"
QUESTION = "What does each pixel mean to each class: do the maps look like the digits, and how far can they be trusted?"
METHOD = (
    "Ten maps for every network by five methods: the causal index (products of weights over all paths), the mean "
    "Jacobian over training images, integrated gradients averaged over each class, the mean identikit, and the class "
    "mean minus the mean of all digits, with which the others are correlated (r, one value per network: the mean of ten "
    "maps). Null models are untrained networks and networks trained on shuffled labels; the maps must resemble the digits "
    "more than those of either. The quality of the causal index is its correlation with the mean Jacobian, both less "
    "their mean over the classes; for depth, ReLU networks of one width are compared. Deletion and insertion replace the "
    "pixels of a test image in the order of its class's map and record the probability of the class."
)
DIFFERENCES = (
    "The document reads one network, trained by somebody else in MATLAB; ours are populations trained "
    "with Adam and images moved by up to a pixel. Their error is judged in the study of the recognisers.",
    "The document judges resemblance by eye; we correlate each map with the class mean minus the mean of all digits.",
    'The document says that its method "works pretty well" for simple structures and may not for complex ones; we read '
    "this as agreement with the mean Jacobian, which evaluates the network itself.",
    "The document scales every map separately, dark for high, which hides the strength of the classes and the sign; we "
    "add signed maps on one scale.",
    "In the preset quick the networks for the shuffled labels are trained for fewer epochs than the real ones.",
)
