"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 2
TITLE = "Identikits"
QUESTION = "Which images does a network assign to each digit with a confidence close to 1?"
METHOD = (
    "A search starts from a blank image and repeatedly keeps the best of 500 masked candidates, until the network "
    "gives the digit a probability of 0.99 (0.9999 with low-frequency masks), or no mask has helped for 10 generations. "
    "Populations of three kinds of network are searched with eight families of masks, from other start images and by "
    "gradient ascent. The unit is a network: its digits and restarts are averaged first, and intervals are for new "
    "networks. Claims are judged on the document's CNN. Claims on convergence use masks that move every pixel by "
    "N(0, 0.1²), unclipped, because the document says that pixels were randomly perturbed and that masks were added; "
    "claims on pictures use low-frequency masks, because independent pixels give static. All other families are "
    "secondary rows."
)
DIFFERENCES = (
    "The document does not say how its masks are distributed, nor whether candidates were clipped to the range of pixels. "
    "Eight families are measured; the family of each row was fixed before measuring and is given in the lab note.",
    "The document does not say when a run was given up. Here a run is stuck after 10 generations (5,000 masks) without "
    "gain, and unfinished after the last generation.",
    "The document does not describe its random images. It must have seen the first candidates of its own search, a blank "
    "image plus one mask, so these are the random images; uniform and normal noise and shuffled digits are secondary rows.",
    'The document gives words where a verdict needs a number: "rarely" is read as at most one image in ten, "typically", '
    '"often", "most" and "easily" as at least one half, "sometimes" as at least one run in a hundred.',
    "In the document people looked at the pictures. Here networks of other kinds classify them, which may differ; likeness "
    "to letters (F, u) is not measured.",
    "The document searched one network, probably with a few runs per digit; here a population of such networks is searched.",
)
