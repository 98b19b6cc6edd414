"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 4
TITLE = "Input clusters"
QUESTION = "If training moves the data as well as the weights, do the classes form clusters, and how fast?"
METHOD = (
    "500 uniform random points with random labels of three classes; full-batch joint descent for 7,000 epochs. The "
    "primary rows judge the document's own conditions: the network sees the raw points in ±1,000. Settings that the "
    "document leaves open are drawn: one or two hidden layers of 12 to 64 units, tanh or ReLU, SGD or Adam, and both "
    "rates log-uniform within a factor of 100 of rates that are known to work. The unit is a drawn setting with its own "
    "points, labels and weights. The same settings with the inputs divided by 100, 333 and 1,000 are the search. The rows "
    "“-found” judge one setting that an earlier search of some 2,000 selected because it follows the document's course; "
    "their units are seeds that took no part in that search. A run is separated at the first measured epoch with "
    "silhouette above 0.5 and linear accuracy above 0.95. In mean times a run that never separates counts with the last "
    "epoch (restricted mean). A run that diverges does not meet a row's criterion. Shares of runs have Wilson's 95 % "
    "interval, mean times Student's, differences of two groups of seeds Welch's."
)
DIFFERENCES = (
    "The document does not state its network, optimiser, rates or scaling: ours are drawn, or found by search (tanh "
    "16-16, inputs divided by 333, weights SGD 0.001, inputs 0.009 on each point's own loss).",
    "The document shows one run and judges it by eye. We require that at least half of the runs do the same, by our own "
    "measures.",
    "Its epochs are read from figures 500 epochs apart (three features: 1,000); ours are measured every 250.",
)
