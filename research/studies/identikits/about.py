"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 2
TITLE = "Identikits"
QUESTION = "Which images does a network take for each digit, with a confidence close to 1?"
METHOD = (
    "A search starts from a blank image and keeps the best of 500 masked candidates, again and again, until the network "
    "gives the digit a probability of 0.99 (0.9999 with low-frequency masks), or no mask has helped for 10 generations. "
    "Populations of three kinds of network are searched with eight families of masks, from other start images and by "
    "gradient ascent. The unit is a network: its digits and restarts are averaged first, and intervals speak for new "
    "networks. Claims are judged on the document's CNN: those on convergence with masks that move every pixel by "
    "N(0, 0.1²), unclipped, because the document says that pixels were randomly perturbed and that masks were added; those "
    "on pictures with low-frequency masks, because independent pixels give static. All other families stand beside them as "
    "secondary rows."
)
DIFFERENCES = (
    "The document does not say how its masks are distributed, nor whether candidates were clipped to the range of pixels. "
    "Eight families are measured; which one a row uses was set before measuring and stands in the lab note.",
    "The document does not say when it gave up. Here a run is stuck after 10 generations (5,000 masks) without gain, and "
    "unfinished when its generations are spent.",
    "The document does not describe its random images. The first candidates of its own search, a blank image plus one mask, "
    "are the random images that it certainly saw; uniform and normal noise and shuffled digits are secondary rows.",
    'The document gives words where a verdict needs a number: "rarely" is read as at most one image in ten, "typically", '
    '"often", "most" and "easily" as at least one half, "sometimes" as at least one run in a hundred.',
    "The document looked at its pictures. Here networks of other kinds name them, which is not what people see; likeness to "
    "letters (F, u) is not measured.",
    "The document asked one network, probably for a few runs a digit; here a population of such networks is searched.",
)
