"""The documents' statements, judged from the saved results."""

import xarray as xr

from research import evidence as e
from research.studies.bottlenecks import measures
from research.studies.documents import not_documents

SOURCE = "002_eb807d842c45b5c6.txt"
PAIRS = "network and t-SNE pairs"


def claims(results: xr.Dataset) -> list[e.Claim]:
    """Accuracy through two neurons, and the plane beside t-SNE; on the document's network and data only."""
    other = not_documents(results)
    unmapped = other or ("" if "distance" in results else "no t-SNE was made")
    right = results.right.values
    labels = "That network recovers more than 96% of the labels correctly!"
    within = f"{right.shape[1]:,} test images"
    likeness, disparity = measures.likeness(results), measures.disparity(results)
    return [
        e.judge(
            "bottleneck-96", SOURCE, labels, e.AtLeast(0.96, stated=True), e.share(right.mean(1)), "networks",
            words="share of the test images read right", within=within, not_run=other,
        ),
        e.judge(
            "bottleneck-96-new-images", SOURCE, labels, e.AtLeast(0.96, stated=True),
            e.crossed(right, bounds=(0, 1)), "networks", words="the same for networks and images both drawn anew",
            within=within, primary=False, not_run=other,
        ),
        e.judge(
            "bottleneck-looks-different", SOURCE, "It looks very different from the t-SNE results",
            e.Above(0.5), disparity, PAIRS,
            words="share of the t-SNE map that the plane does not explain (Procrustes disparity)",
            within=measures.within(results), not_run=unmapped,
        ),
        e.judge(
            "bottleneck-like-tsne", SOURCE,
            "there are similarities in terms if which digits are more closely together than others",
            e.Above(0), likeness, PAIRS, words="rank correlation of the distances between class centroids",
            within=measures.within(results), not_run=unmapped,
        ),
    ]  # fmt: skip
