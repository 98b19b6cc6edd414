"""The bench: its arithmetic, its table, its file and its processes; never how fast anything is."""

import json
import math
from types import SimpleNamespace

import pytest

from research import bench
from research.bench import compare, figure, growth, machine, record, table
from research.bench.task import Task, Trial, agree, both_reach, no_worse, ours, peer


def noop() -> Trial:
    return Trial(dict)


def task(**settings) -> Task:
    contenders = {"identikit": ours(noop), "identikit, compiled before": ours(noop), "peer": peer(noop)}
    return Task("a task", contenders, **settings)


def found(mine, theirs, fact=1.0):
    return {
        name: {"seconds": seconds, "facts": {"fact": fact}, "peak_bytes": 2**20}
        for name, seconds in (("identikit", mine), ("peer", theirs))
    }


def test_a_ratio_is_the_median_of_the_rounds_ratios_not_the_ratio_of_medians():
    (row,) = table.rows({"t": task()}, {"t": found([1.0, 2.0, 4.0], [10.0, 2.0, 8.0])})
    assert (row.ratio, row.ratios, row.rounds) == (2.0, (1.0, 10.0), 3)
    assert (row.ours, row.theirs) == (2.0, 8.0)


@pytest.mark.parametrize(("theirs", "fact", "met"), [(3.0, 1.0, True), (2.9, 1.0, False), (3.0, 0.9, False)])
def test_a_wish_is_met_when_the_ratio_is_reached_with_equal_work(theirs, fact, met):
    asked = task(at_least={"peer": 3.0}, same=both_reach("fact", 1.0))
    (row,) = table.rows({"t": asked}, {"t": found([1.0], [theirs], fact)})
    assert row.met is met
    assert row.same.startswith("NOT") == (fact < 1)


def test_alone_a_task_is_held_against_its_limit():
    alone = {"t": {"identikit": found([2.0, 3.0, 9.0], [])["identikit"]}}
    assert [table.rows({"t": task(at_most=most)}, alone)[0].met for most in (3.0, 2.9)] == [True, False]
    assert table.rows({"t": task()}, alone)[0].met is None
    assert table.rows({"t": task()}, {}) == []


def test_share_of_the_limit_uses_the_best_product_that_anyone_reached():
    limits = {
        name: {"facts": {"flop_per_s": best}} for name, best in (("identikit", 50.0), ("PyTorch", 100.0))
    }
    rows = table.rows(
        {"machine": task(), "t": task(flop=100.0)}, {"machine": limits, "t": found([4.0], [5.0])}
    )
    assert [(row.task, row.share) for row in rows] == [("t", 0.25)]


def test_whole_processes_also_show_the_call_alone():
    measured = found([4.0], [20.0])
    measured["identikit"]["call"], measured["peer"]["call"] = [1.0], [12.0]
    rows = table.rows({"t": task(whole=True, at_least={"peer": 10.0})}, {"t": measured})
    assert [(row.ours, row.ratio, row.met) for row in rows] == [(4.0, 5.0, False), (1.0, 12.0, True)]


def test_equality_of_work():
    holds = lambda check, a, b: next(iter(check.values()))({"x": a}, {"x": b})  # noqa: E731
    assert holds(both_reach("x", 0.9), 0.9, 0.95)
    assert not holds(both_reach("x", 0.9), 0.95, 0.89)
    assert holds(agree("x", 0.01), -1.009, -1.0)
    assert not holds(agree("x", 0.01), 1.02, 1.0)
    assert holds(no_worse("x", 0.01), 0.5, 1.0)
    assert not holds(no_worse("x", 0.01), 1.02, 1.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(123.4, "123 s"), (1.234, "1.23 s"), (0.0456, "45.6 ms"), (7.89e-4, "789 µs"), (1234, "1234 s"), (5e-8, "5e-08 s")],
)  # fmt: skip
def test_spans_for_readers(seconds, words):
    assert table.span(seconds) == words


def test_the_text_names_what_failed_and_what_was_missed():
    tasks = {"t": task(at_least={"peer": 3.0}), "u": task()}
    measured = {"t": found([1.0], [2.0]), "u": {"identikit": {"seconds": [], "failed": "no such\nlibrary"}}}
    text = table.markdown({"tasks": measured, "machine": {"processor": "a machine"}}, tasks, "BENCH.png")
    assert "- processor: a machine" in text
    assert "| a task | 1 s | peer | 2 s | **2×** (2–2) | 3× | **no** |" in text
    assert "| u | identikit | failed: no such library |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {11, 7}


@pytest.fixture
def fake(monkeypatch):
    """Processes that answer 1 s, 2 s, … a unit of two, and note who was asked."""
    asked = []

    class Fake(SimpleNamespace):
        def ask(self, least):
            asked.append((self.who, least > 0))
            if self.who == "peer" and "broken" in self.name:
                raise compare.Failed("no such library")
            seconds = 10.0 if self.who == "slow" else 2.0 * sum(who == self.who for who, _ in asked)
            return dict(seconds=seconds, whole=seconds + 1, facts={"two": 2.0}, peak_bytes=1, calls=1)

        def close(self):
            pass

    monkeypatch.setattr(compare, "Process", lambda suite, name, who, *_: Fake(name=name, who=who))
    return asked


def two(**settings) -> Task:
    return Task("two", {"identikit": ours(noop), "peer": peer(noop)}, per="two", **settings)


def test_contenders_take_turns_and_first_calls_are_kept_apart(fake):
    measured = compare.measure("cpu", "t", two(), 2)
    assert fake == [
        ("identikit", False), ("identikit", True), ("peer", False), ("peer", True), ("identikit", True), ("peer", True),
    ]  # fmt: skip
    assert measured["identikit"]["seconds"] == [2.0, 3.0]
    assert measured["identikit"]["first"] == 2.0


def test_a_whole_process_is_started_anew_and_timed_from_its_start(fake):
    measured = compare.measure("cpu", "t", two(whole=True), 2)
    assert fake == [("identikit", False), ("peer", False)] * 2
    assert measured["peer"]["seconds"] == [1.5, 2.5]
    assert measured["peer"]["call"] == [2.0, 4.0]


def test_what_fails_is_noted_and_not_asked_again(fake):
    measured = compare.measure("cpu", "broken", two(), 3)
    assert measured["peer"] == {"seconds": [], "failed": "no such library"}
    assert len(measured["identikit"]["seconds"]) == 3
    assert [who for who, _ in fake].count("peer") == 1


def test_a_long_task_has_one_round(fake, monkeypatch):
    monkeypatch.setattr(compare, "LONG", 3.0)
    assert len(compare.measure("cpu", "t", two(), 3)["peer"]["seconds"]) == 1


def test_a_slow_peer_has_one_round_and_the_others_go_on(fake, monkeypatch):
    monkeypatch.setattr(compare, "LONG", 3.0)
    contenders = {"identikit": ours(noop), "slow": peer(noop), "peer": peer(noop)}
    measured = compare.measure("cpu", "t", Task("three", contenders, whole=True, per="two"), 2)
    assert [len(measured[who]["seconds"]) for who in contenders] == [2, 1, 2]


def test_a_worker_that_dies_says_why(tmp_path):
    process = compare.Process("cpu", "no such task", "identikit", {}, tmp_path / "log")
    with pytest.raises(compare.Failed, match=r"KeyError: 'no such task' \(exit code 1\)"):
        process.ask(0)
    process.close()


def test_the_record_is_saved_after_every_task_and_goes_on(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "_devices", lambda: "1 cpu")
    path = tmp_path / "new" / "bench.json"
    saved = record.load(path, "cpu")
    record.add(path, saved, "t", two(), 2)
    again = record.load(path, "cpu")
    assert again == json.loads(json.dumps(saved))
    assert again["machine"]["devices"] == "1 cpu"
    assert again["tasks"]["t"]["peer"]["seconds"] == [2.0, 3.0]
    assert again["measured"]["t"]["commit"]
    with pytest.raises(ValueError, match="holds the suite 'cpu', asked for is 'gpu'"):
        record.load(path, "gpu")
    path.write_text("[]")
    with pytest.raises(ValueError, match="not a record of the bench"):
        record.load(path, "cpu")


@pytest.mark.parametrize("name", bench.SUITES)
def test_every_task_is_whole(name):
    tasks = bench.suite(name)
    for task in tasks.values():
        assert task.contenders[task.first].jax
        assert set(task.at_least) <= set(task.peers)
    table.markdown({"tasks": {}, "machine": {}}, tasks, "BENCH.png")


def test_an_unknown_suite_lists_the_known_ones(command):
    with pytest.raises(ValueError, match="unknown suite 'tpu'; known: cpu, gpu, each also as NAME:toy"):
        bench.suite("tpu")
    assert command("bench").SUITE.default == "cpu"


def test_growth_is_measured_from_the_smallest_size_on_and_drawn_with_its_slope(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "LEAST", 0.0)
    sizes = []
    axis = growth.Axis((1, 2), lambda n: lambda: sizes.append(n), 1, 1)
    monkeypatch.setattr(growth, "LEAST", 1e-9)
    facts = growth.grow(axis)
    assert sorted(sizes) == sizes
    assert growth.curve(facts, "seconds")[0] == [1, 2]
    assert growth.curve(facts, "bytes")[1][0] > 2**20
    assert growth.slope([1, 10, 100], [9.0, 1.0, 100.0]) == pytest.approx(2.0)
    name = next(iter(growth.AXES))
    figure.save({f"grow {name}": {"identikit": {"facts": facts}}}, tmp_path / "growth")
    assert (tmp_path / "growth.png").stat().st_size > 5_000
    assert figure.draw({}) is None
    assert [len(row) for row in growth.rows({f"grow {name}": {"identikit": {"facts": facts}}})] == [6]
    assert growth.rows({}) == []


def test_the_machines_limit_counts_work_over_the_least_seconds(monkeypatch):
    monkeypatch.setattr(machine, "best", lambda call: call())
    measured = machine.limits(lambda: 0.5, lambda: 2.0, 10)
    assert measured == {"flop_per_s": 4000.0, "bytes_per_s": machine.BYTES}
    monkeypatch.undo()
    assert 0 < machine.best(lambda: math.sqrt(2)) < 1


def test_the_text_says_which_code_measured_what():
    measured = {
        name: {"finished": day, "commit": commit}
        for name, day, commit in (
            ("t", "2026-01-02T00:00:00Z", "abcdef0123"),
            ("u", "2026-01-03T00:00:00Z", "fedcba9876"),
        )
    }
    saved = {"tasks": {}, "machine": {}, "measured": measured}
    text = table.markdown(saved, {}, "BENCH.png")
    assert "- measured 2026-01-02, commit abcdef012: t\n- measured 2026-01-03, commit fedcba987: u\n" in text
    del measured["u"]
    assert "- measured 2026-01-02, commit abcdef012\n" in table.markdown(saved, {}, "BENCH.png")
