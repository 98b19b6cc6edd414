"""The paper's prose: one text for page, PDF and LaTeX, whose numbers come from claims and findings by name.

    # abstract                                                     a section
    We measured {claims.measured} of {claims.all} statements.      a sentence, one a line; a blank line ends a paragraph
    [cleaning-pays] Cleaning helps: {cleaning-pays.cleaned}.       left out if there is no such finding
    **Asked.** Words in asterisks are set in bold.

Names in braces, with what a colon may add:
    claim-id                measured; :percent :percents (its interval) :interval :n :size :claimed :verdict :criterion
    finding-id              the whole sentence; finding-id.number one of its numbers, as in findings (:interval :n :full)
    lead.study              the first finding of a study
    claims.all, .measured, or .verdict (claims.not-reproduced): how many of the primary rows; confidence, min-units
A condition is the name of a study, a claim, a finding, or claim-id=verdict; several must all hold.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from research.evidence import claims as c
from research.evidence import findings as f
from research.evidence.intervals import CONFIDENCE
from research.paper import tables
from research.paper.chapters import Chapter, claims_of, findings_of

Runs = list[tuple[str, str]]  # (text | code | cite | strong | interval, what)
BRACES = re.compile(r"\{([^{}:]+)(?::(\w+))?\}")
PIECES = re.compile(r"(`[^`]+`|\[@[^\]]+\]|\*\*[^*]+\*\*|\([−\d][^()]*(?:–| to )[^()]*, n\s=\s[^()]*\))")
KINDS = {"`": "code", "[": "cite", "*": "strong", "(": "interval"}
CONDITION = re.compile(r"\[([^@\]][^\]]*)\]\s*")
NBSP = "\N{NO-BREAK SPACE}"


def runs(text: str) -> Runs:
    """Splits text into plain pieces, `code`, citations [@one; @two], **strong** words, and intervals with their n.

    Of "(95 % interval 1–2, n = 30 networks)" the run has "1–2, n = 30 networks", which is set in square brackets; n is
    left out if it is that of the interval before. No line breaks within "1 %", "n = 9" and "> 3".
    """
    text = re.sub(r"(?<=n) = (?=\d)|(?<=[<>≤≥]) (?=[−\d])| (?=%)", lambda x: x[0].replace(" ", NBSP), text)
    found: Runs = []
    before = None
    for i, piece in enumerate(PIECES.split(text)):
        if not i % 2:
            found += [("text", piece)] * bool(piece)
            continue
        match kind := KINDS[piece[0]]:
            case "strong":
                what = piece[2:-2]
            case "interval":
                what, comma, n = piece[1:-1].rpartition("% interval ")[2].partition(f", n{NBSP}=")
                what, before = what if n == before else what + comma + n, n
            case _:
                what = re.sub("[@;]", "", piece[1:-1]) if kind == "cite" else piece[1:-1]
        found.append((kind, what))
    return found


def without_intervals(said: Runs) -> Runs:
    """Text without its intervals, for an abstract."""
    followers = [kind for kind, _ in said[1:]] + [""]
    return [
        (kind, what.rstrip(" ") if after == "interval" else what)
        for (kind, what), after in zip(said, followers)
        if kind != "interval"
    ]


def percent(x: float | None) -> str:
    """A share as percent with one decimal; a dash for None."""
    return "–" if x is None else f"{100 * x:.1f} %".replace("-", "−")


OF_A_CLAIM: Mapping[str | None, Callable[[c.Claim], str]] = {
    None: lambda row: c.number(row.measured),
    "percent": lambda row: percent(row.measured),
    "percents": lambda row: "–" if row.low is None else f"{percent(row.low)[:-2]}–{percent(row.high)}",
    "claimed": lambda row: c.number(row.claimed),
    "interval": lambda row: tables.interval(row).replace(" … ", " to "),
    "n": lambda row: f"n = {tables.size(row)}" if row.n else "not run",
    "size": lambda row: tables.size(row),
    "verdict": lambda row: row.verdict,
    "criterion": lambda row: row.criterion,
}


class Names:
    """The names that prose may use: of claims, findings and studies."""

    def __init__(
        self,
        claims: Iterable[c.Claim],
        found: Sequence[tuple[str, f.Finding]] = (),
        studies: Iterable[str] = (),
    ):
        self.used: set[str] = set()  # ids of claims and findings that were named so far
        self.studies = set(studies)
        self.claims = {row.id: row for row in claims}
        self.findings = {each.id: each for _, each in found}
        self.leads = {f"lead.{study}": each for study, each in reversed(found)}
        rows = c.primary(self.claims.values())
        counts = {each: sum(row.verdict == each for row in rows) for each in c.VERDICTS}
        counts |= {"all": len(rows), "measured": len(rows) - counts["not run"]}
        self.words = {f"claims.{each.replace(' ', '-')}": str(n) for each, n in counts.items()}
        self.words |= {"confidence": f"{CONFIDENCE:.0%}".replace("%", " %"), "min-units": str(c.MIN_UNITS)}

    @classmethod
    def of(cls, chapters: Sequence[Chapter]) -> "Names":
        """The names of a paper's chapters."""
        claims = [row for _, row in claims_of(chapters)]
        done = [chapter.study for chapter in chapters if not chapter.failure]
        return cls(claims, findings_of(chapters), done)

    def value(self, name: str, spec: str | None) -> str:
        """The text for {name:spec}.

        Raises:
            KeyError: unknown name, or a format that it does not have.
        """
        if name in self.claims:
            self.used.add(name)
            return OF_A_CLAIM[spec](self.claims[name])
        if spec is None and name in self.words:
            return self.words[name]
        if spec is None and (each := self.findings.get(name) or self.leads.get(name)):
            self.used.add(each.id)
            return each.statement
        finding, _, number = name.rpartition(".")
        self.used.add(finding)
        try:
            return format(self.findings[finding].numbers[number], spec or "")
        except ValueError as error:
            raise KeyError(str(error)) from error

    def holds(self, condition: str) -> bool:
        """Whether every part of a condition holds."""
        return all(map(self._holds, condition.split()))

    def _holds(self, part: str) -> bool:
        name, _, verdict = part.partition("=")
        if verdict:
            return name in self.claims and self.claims[name].verdict.replace(" ", "-") == verdict
        if name in self.claims:
            return self.claims[name].verdict != "not run"
        return name in self.studies or name in self.findings or name in self.leads

    def fill(self, text: str, where: str) -> str:
        """The text with its numbers.

        Raises:
            ValueError: an unknown name; the message begins with `where`.
        """

        def put(found: re.Match) -> str:
            try:
                return self.value(found[1], found[2])
            except KeyError:
                raise ValueError(f"{where}: no claim, finding or number is called {found[0]}") from None

        return BRACES.sub(put, text)


def sections(text: str, names: Names, where: str) -> dict[str, list[Runs]]:
    """The paragraphs of each section, filled, without sentences whose condition does not hold and empty paragraphs.

    Args:
        text: in the form above.
        names: the known names.
        where: name of the text in error messages.

    Raises:
        ValueError: an unknown name, with its file and line.
    """
    found: dict[str, list[list[str]]] = {}
    section: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# "):
            section = found[line[2:].strip()] = [[]]
        elif not line.strip():
            section.append([])
        else:
            condition = CONDITION.match(line)
            if condition is None or names.holds(condition[1]):
                section[-1].append(
                    names.fill(line[condition.end() if condition else 0 :], f"{where}:{number}")
                )
    return {name: _whole(paragraphs) for name, paragraphs in found.items()}


def _whole(paragraphs: Iterable[list[str]]) -> list[Runs]:
    return [runs(" ".join(lines)) for lines in paragraphs if lines]
