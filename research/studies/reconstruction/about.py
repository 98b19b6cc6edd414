"""What the report prints about the study, beside its claims, findings and figures."""

CHAPTER = 0
TITLE = "Reconstruction"
QUESTION = "Could aliens learn our digits from the network alone?"
METHOD = (
    "Dense networks of one shape are trained in seven ways: plainly, with dropout, weight decay, smoothed labels, "
    "Gaussian noise, and on the worst images that an adversary finds within a radius of 1 or 2 around each digit. Two "
    "null models have learned no digit: the untrained network, and one trained on shuffled labels. Identikits of every "
    "network are drawn by the document's search and by gradient ascent from three kinds of start and in frequencies. Two "
    "measures say how much of our digits is in them. First, judges that share neither architecture nor seed with any "
    "teacher classify each identikit; chance is one in ten. Second, a student, a new network of the teacher's shape, "
    "learns from identikits and the teacher's outputs for them, never sees a digit, and is scored once on the 10,000 "
    "test digits. It learns from images that aim at random mixtures of the classes and stop before the teacher is sure, "
    "with the teacher's softened outputs as labels; this was chosen on validation digits. Teachers are the independent "
    "unit of every interval; the four judges are fixed."
)
SHOWN_IN_FIGURES = ("student-",)  # findings whose ids begin so are not printed: a figure shows them better
DIFFERENCES = (
    "Document 003 asks the question and measures nothing. Its sentence is judged on its own CNN with its own method: a "
    "search among 500 masks from a blank image (low-frequency masks, clipped).",
    "Gradient ascent starts from almost blank images where the document starts from blank ones, because networks with "
    "ReLUs can have no gradient there.",
    "Published students of a LeNet-5 read 98.77 % (Nayak et al. 2019) and 98.20 % (Chen et al. 2019) of the test "
    "digits; they are trained far longer, on more images, and in the second case with a generator.",
)
