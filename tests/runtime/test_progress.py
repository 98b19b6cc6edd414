"""What is left of a plan, and what a log says of a computation."""

from research.runtime.progress import Log, Plan, bar, duration, watched


def test_a_plan_scales_what_is_left_by_what_was_taken(capsys):
    now = [0.0]
    plan = Plan({"a": 10, "b": 20, "c": 0.0}, lambda: now[0])
    assert plan.left() == 30
    plan.start("a")
    now[0] = 4
    assert plan.left() == 26
    now[0] = 20
    assert plan.left() == 20  # longer than expected: what is left of it is not known
    plan.end("done")
    assert plan.left() == 40
    plan.start("b")
    now[0] = 50
    assert plan.left() == 10
    plan.end("failed")
    assert plan.left() == 0
    assert capsys.readouterr().out.splitlines() == [
        "a                 done          20.0 s   about 40 s left",
        "b                 failed        30.0 s",
    ]
    assert [duration(s) for s in (40, 180, 7500)] == ["40 s", "3 min", "2 h 05 min"]


def test_a_log_gets_one_line_every_30_seconds(capsys):
    now = [0.0]
    with watched(Log(lambda: now[0], lambda: "recognisers: ")), bar("training mlp100") as report:
        for now[0] in (0.0, 10.0, 31.0, 40.0, 62.0):
            report(now[0] / 100, loss=f"{1 - now[0] / 100:.2f}")
    assert capsys.readouterr().err.splitlines() == [
        "recognisers: training mlp100  31%  loss 0.69  about 69 s left",
        "recognisers: training mlp100  62%  loss 0.38  about 38 s left",
    ]
