"""The last sentence of document 003, judged from the saved results."""

import xarray as xr

from research import evidence as e
from research.studies.documents import others
from research.studies.reconstruction import measures as m

DOCUMENT = "003_baed48e6daa2b749.txt"
ALIENS = "the aliens archeologists could make a reconstruction of how we wrote digits"
UNIT = "networks"


def claims(results: xr.Dataset) -> list[e.Claim]:
    """The primary row is for the document's own network and search, secondary rows for other networks and readings."""
    rows = [_row(results, "aliens-could", "cnn_plain", "search", primary=True)]
    for kind in m.kinds(results):
        for reading in ("search", "low_frequency"):
            name = f"aliens-could-{kind}-{reading}".replace("_", "-")
            rows.append(_row(results, name, kind, reading, primary=False))
    return rows


def _row(results: xr.Dataset, id: str, kind: str, reading: str, *, primary: bool) -> e.Claim:
    missing = ""
    if kind not in results.kind.values:
        missing = "the document's CNN took no part"
    elif kind.startswith("cnn_"):
        missing = others(results, "cnn")
    interval = None if missing else e.share(m.agreement(results, kind, reading))
    words = f"share of identikits that judges name as intended, {m.label(kind)}, {m.READING_WORDS[reading]}"
    return e.judge(
        id, DOCUMENT, ALIENS, e.Above(m.CHANCE), interval, UNIT, words=words, primary=primary, not_run=missing,
        within=f"ten digits × {results.sizes['judge']} judges",
    )  # fmt: skip
