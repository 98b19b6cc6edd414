"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 2
TITLE = "Identikits"
QUESTION = "Which images does a network take for each digit, with a confidence close to 1?"
METHOD = (
    "From a blank image, the best of 500 masked candidates is kept again and again until the network gives the "
    "digit a probability of 0.99 (0.9999 for the default masks), or no mask has helped for a while; one run is one "
    "network, digit and restart. Rates are shares of runs with Wilson's 95 % interval, shares of "
    "noise images and of digits means over networks with Student's, evaluations to a confidence Kaplan-Meier curves "
    "in which runs that ended early are censored. The claims are judged on the network of "
    "the document, with low-frequency masks, because these give the pictures that the document describes."
)
DIFFERENCES = (
    "The document does not say how its masks are distributed; the default is a 7×7 normal grid enlarged "
    "bicubically, times 0.1, clipped to [0, 1]; seven other families are measured beside it.",
    "A run ends as stuck after a stated number of generations without gain (patience), or when its evaluations "
    "are spent; the document does not say when it gave up.",
    'The document gives words where we need numbers: "rarely" is read as at most one in ten, "typically" and '
    '"in most cases" as at least one half, "sometimes" as at least one in a hundred.',
    "The document's random images are not described; ours are uniform noise, with three other kinds beside it.",
    "The document asked one network; runs of several networks are taken together here, and the spread between "
    "networks is in the figures.",
)
