"""The prose and the PDF: numbers come from claims and findings by name, a missing name fails with its line."""

import json
import re

import pytest
from toys import configs, write_paper

from research import studies
from research.paper import content, prose, report
from research.paper.chapters import Chapter

TEXT = (content.TEMPLATES / "text.md").read_text()


@pytest.fixture
def paper(two, tmp_path):
    """(folder, chapters) of a paper of two toy studies."""
    folder = tmp_path / "paper"
    write_paper(configs(two), folder)
    return folder, [Chapter(name, folder / name) for name in ("alpha", "beta")]


def said(text, chapters):
    (paragraphs,) = prose.sections(f"# x\n{text}\n", prose.Names.of(chapters), "a.md").values()
    return ["".join(what for _, what in paragraph).replace(prose.NBSP, " ") for paragraph in paragraphs]


def test_numbers_are_those_of_claims_and_findings(paper):
    folder, chapters = paper
    claim = json.loads((folder / "claims.json").read_text())[0]
    (found, _) = json.loads((folder / "findings.json").read_text())
    mean, x = claim["measured"], found["numbers"]["x"]
    assert said(
        "{alpha-mean} {alpha-mean:percent} {alpha-mean:n}, {alpha-mean:verdict}, {alpha-2}", chapters
    ) == [f"{mean:.4g} {100 * mean:.1f} % n = 20 numbers, {claim['verdict']}, –"]
    whole = found["statement"].replace("(95 % interval ", "").replace(")", "")
    assert said("{alpha-found}\n\n{lead.alpha}", chapters) == [whole] * 2
    assert said("{alpha-found.x} {alpha-found.x:interval}", chapters) == [
        f"{x['value']:.2f} {x['low']:.2f}–{x['high']:.2f}"
    ]
    assert said("{claims.measured} of {claims.all}, {claims.not-run}; {confidence}", chapters) == [
        "2 of 4, 2; 95 %"
    ]


def test_intervals_are_set_apart_and_an_abstract_has_none():
    runs = prose.runs(
        "**Now** 2 (95 % interval 1–3 %, n = 5 pairs), 4 (3–5 points, n = 9 pairs) and `f(x)` (in x), "
        "6 (95 % interval −1 to 7, n = 9 pairs) (784-200-10, n = 9 pairs)."
    )
    plain = [(kind, what.replace(prose.NBSP, " ")) for kind, what in runs]
    apart = ["1–3 %, n = 5 pairs", "3–5 points, n = 9 pairs", "−1 to 7"]  # n again only where it changes
    assert [what for kind, what in plain if kind == "interval"] == apart
    assert runs[-1] == ("text", f" (784-200-10, n{prose.NBSP}={prose.NBSP}9 pairs).")
    assert runs[0] == ("strong", "Now")
    assert ("code", "f(x)") in runs
    assert (
        "".join(what for _, what in prose.without_intervals(runs))
        == "Now 2, 4 and f(x) (in x), 6" + runs[-1][1]
    )


def test_what_most_networks_share_is_listed_once():
    training = {"epochs": 3, "noise": {"kind": "None", "eps": 0.0}}
    networks = {
        name: {"training": training | {"epochs": n}, "data": "mnist"} for name, n in zip("abc", (3, 3, 9))
    }
    shared = {"training.epochs": "3", "training.noise.eps": "0.0", "data": "mnist"}
    parts = content.settings({"seed": 1, **networks, "sizes": [1, 2]})
    assert parts == {
        "study": {"seed": "1", "sizes": "[1, 2]"},
        "networks": shared,
        "c": {"training.epochs": "9"},
    }


def test_sentences_are_left_out_where_what_they_name_is_not_there(paper):
    _, chapters = paper
    text = "a\n[alpha] b\n[gamma] {gamma-mean}\n[alpha-2] c\n\n[alpha-mean=reproduced beta] d\n[beta-mean=partly] e\n\n[no] f"
    assert said(text, chapters) == ["a b", "d"]


@pytest.mark.parametrize(
    "name", ["alpha-men", "alpha-found.y", "alpha-found.x:big", "alpha-mean:big", "claims.good"]
)
def test_a_missing_name_fails_with_file_and_line(paper, name):
    _, chapters = paper
    with pytest.raises(ValueError, match=rf"^a.md:3: no claim, finding or number is called {{{name}}}$"):
        said(f"a\n{{{name}}}", chapters)


def test_the_pdf_has_the_same_bytes_and_no_figure_or_work_is_missing(paper):
    folder, chapters = paper
    first = (folder / "paper.pdf").read_bytes()
    assert first.startswith(b"%PDF-")
    report.write_pdf(folder, chapters)
    assert (folder / "paper.pdf").read_bytes() == first
    (folder / "figures" / "alpha-points.pdf").unlink()
    with pytest.raises(ValueError, match="cannot set paper.typ: .*alpha-points.pdf"):
        report.write_pdf(folder, chapters)


def test_every_work_that_is_cited_has_a_complete_entry():
    cited = {key for found in re.findall(r"\[(@[^\]]+)\]", TEXT) for key in re.findall(r"@([\w-]+)", found)}
    assert cited == report.works().keys()
    for text in report.works().values():
        assert re.fullmatch(r".+\. .+\. .+, (19|20)\d\d\.", text), text


DIGITS_NAMED = r"\b7 and 9\b|A wide 7|\bDocument 00\d\b"  # classes and documents, not numbers


def test_no_number_is_typed_into_text_or_caption():
    drawn = [studies.part(name, "figures") for name in studies.names()]
    drawings = [d for each in drawn for d in (each.FIGURES | getattr(each, "ANIMATIONS", {})).values()]
    assert all(re.match(r"[^.`{]+\? ", drawing.caption) for drawing in drawings)  # the question, first
    for text in (TEXT, *(drawing.caption for drawing in drawings)):
        typed = prose.BRACES.sub("", re.sub(r"\[[^\]]*\]|`[^`]*`", "", text))
        assert re.findall(r".{0,20}\d.*", re.sub(DIGITS_NAMED, "", typed)) == []


def test_conditions_name_what_studies_know():
    research = content.TEMPLATES.parents[1]
    sources = "".join(path.read_text() for path in (research / "studies").rglob("*.py"))
    sources += (research.parent / "results" / "reference" / "claims.json").read_text()
    for condition in re.findall(r"(?m)^\[([^@\]]+)\]", TEXT):
        for part in condition.split():
            name = part.partition("=")[0].removeprefix("lead.")
            known = name in studies.names() or f'"{name}"' in sources
            assert known or name in ("aliens-could", "reconstruction"), part


def numbers(text):
    """Every number in a text: 60,000 and 60_000 are 60000, 1e-3 and 0.001 the same, 90 % is 0.9 as well."""
    found = re.findall(r"\d+(?:[,_]\d{3})*\.?\d*(?:e-?\d+)?|\.\d+", text)
    values = {float(re.sub("[,_]", "", each)) for each in found}
    return {round(value, 9) for value in values}


@pytest.mark.parametrize("study", studies.names())
def test_a_setting_in_the_text_about_a_study_stands_in_its_code(study):
    """In the study's folder, its lab note, what trains and reads for it, or in a document's words."""
    root = content.TEMPLATES.parents[2]
    own = [path for path in (root / "research" / "studies" / study).glob("*.py") if path.name != "about.py"]
    rooms = ("training", "models", "data", "identikits", "embedding", "joint_descent", "evidence")
    shared = [path for room in rooms for path in (root / "research" / room).rglob("*.py")]
    claims = (root / "results" / "reference" / "claims.json").read_text()
    known = numbers(
        "".join(path.read_text() for path in (*own, *shared, *(root / "configs").glob("*.py"))) + claims
    )
    about = studies.part(study, "about")
    said = numbers("\n".join((about.QUESTION, about.METHOD, *about.DIFFERENCES)))
    assert {x for x in said if x not in known and round(x / 100, 9) not in known} == set()
