"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 7
TITLE = "Embeddings"
QUESTION = (
    "How well do two numbers per digit, found by different methods, preserve classes and neighbourhoods?"
)
METHOD = (
    "The same test digits are mapped by the first two principal components (of the 60,000 training images), by t-SNE "
    "of the first 50, by the two neurons of a bottleneck network and by t-SNE of a CNN's last hidden layer. Scored "
    "are the leave-one-out vote of the 5 nearest in the map, the silhouette of the classes, and how well neighbours in "
    "the map are neighbours among the pixels (trustworthiness, shared neighbours). The whole experiment is repeated "
    "with other digits and another key of t-SNE, the first repetitions also with other networks: n counts repetitions. "
    "Digits that a map has not seen are put into it by `place`. Figures of single maps show the first repetition."
)
DIFFERENCES = (
    'Document 002 says "very well separated" and gives no number. We require that the two numbers of the map predict at '
    "least as many labels as its logistic regression does from all pixels, 92 %; the silhouette is a secondary row.",
    "Document 002 shows all digits in its t-SNE; we map random draws of 5,000 of the 10,000 test digits, so two "
    "repetitions have about half of their digits in common and the interval is for draws from these digits.",
    "t-SNE sees the digits through their first 50 principal components.",
    "Document 001's program runs t-SNE anew with each drawing; ours puts new digits into a finished map.",
)
