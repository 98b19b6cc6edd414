"""The document's statements, judged from the saved results."""

import xarray as xr

from research import evidence as e
from research.studies.causal_maps import measures
from research.studies.causal_maps.measures import DOCUMENT

SOURCE = "000_6109da2722b68c6a.txt"
ALIKE = "Interesting fact is similarity between these impact hotmaps and original digit sampe images"
SIMPLE = "For feed forward networks with known and simple structure it works pretty well."
DEEPER = 'However more complex structures (or even "black box" models) might require different approaches'


def claims(results: xr.Dataset) -> list[e.Claim]:
    """On the document's network with its causal index; depth on ReLU networks of one width."""
    other = measures.not_documents(results)
    gain = told = agree = None
    if not other:
        gain = measures.above_null(results, DOCUMENT, "causal_index")
        matrix = measures.of(results, DOCUMENT).resemblance.sel(reading="causal_index").values
        told = e.share(measures.top1_match(matrix))
        agree = e.share(measures.agreement(results, DOCUMENT), (-1, 1))
    deeper = measures.loss_with_depth(results)
    ends = f"{results.depth.values.max()} hidden layers less {results.depth.values.min()}" if deeper else ""
    return [
        e.judge(
            "maps-like-digits", SOURCE, ALIKE, e.Above(0), gain, "networks of the smaller group",
            words="correlation of map and digit (class mean − mean), above the closest null model's",
            within="10 maps", not_run=other or ("" if gain else "a null model is missing"),
        ),
        e.judge(
            "maps-like-digits-own", SOURCE, ALIKE, e.Above(0.5), told, "networks",
            words="share of the ten maps that resemble their own digit most (chance: 0.1)",
            within="10 maps", primary=False, not_run=other,
        ),
        e.judge(
            "index-suits-simple", SOURCE, SIMPLE, e.AtLeast(0.9), agree, "networks",
            words="correlation of causal index and mean Jacobian in the document's network",
            within="10 maps", not_run=other,
        ),
        e.judge(
            "index-suits-deeper-less", SOURCE, DEEPER, e.Below(0), deeper, "networks of each depth",
            words=f"correlation of causal index and mean Jacobian, {ends or 'deepest less shallowest'}",
            within="10 maps", not_run="" if deeper else "fewer than two depths were trained",
        ),
    ]  # fmt: skip
