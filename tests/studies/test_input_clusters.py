"""The study "input_clusters": rows and regimes from results alone; drawn settings; runs that go as the design says."""

from dataclasses import replace

import jax
import numpy as np
import pytest
import xarray as xr

from configs.input_clusters import get_config
from research.evidence import claims as c
from research.joint_descent.descent import setting
from research.plotting import style
from research.runs.store import Run
from research.studies.input_clusters import figures, measures, study
from research.studies.input_clusters.claims import claims
from research.studies.input_clusters.findings import findings
from research.studies.preparing import prepared

EPOCHS = (0, 500, 1000, 2500, 5000, 7000)
GROUPS = ("found 2-D", "found 3-D", "scale 1, 2-D", "scale 1, 3-D", "scale 100, 2-D", "scale 1000, 2-D")
N = 40  # runs of every group


def hand_made(*, bad=0, n=N, **given):
    """Runs of every group that do all that the document says; given: {measure: {(group, epoch): value}}.

    bad: so many of the first runs of each group have left the finite numbers by epoch 500.
    """
    course = {
        "silhouette": (0, 0.1, 0.2, 0.4, 0.7, 0.8),
        "linear": (0.4, 0.5, 0.6, 0.9, 0.97, 0.99),
        "kmeans_ari": (0, 0.05, 0.2, 0.6, 0.9, 1),
        "purity": (0.33, 0.35, 0.5, 0.9, 1, 1),
        "loss": (1.1, 1.0, 0.9, 0.5, 0.1, 0.05),
        "accuracy": (0.3, 0.4, 0.5, 0.9, 1, 1),
    }
    groups = np.repeat(GROUPS, n)
    tables = {name: np.repeat(np.array(values)[:, None], len(groups), 1) for name, values in course.items()}
    for name, cells in given.items():
        for (group, epoch), value in cells.items():
            tables[name][EPOCHS.index(epoch), groups == group] = value
    lost = np.tile(np.arange(n) < bad, len(GROUPS))
    for table in tables.values():
        table[1:, lost] = np.nan
    spread = np.linspace(-40, 60, n)
    waiting = np.concatenate(
        [5600 + spread if name.endswith("2-D") else 2950 + spread[::-1] for name in GROUPS]
    )
    return xr.Dataset(
        {name: (("epoch", "run"), table) for name, table in tables.items()}
        | dict.fromkeys(("linear_at", "silhouette_at"), ("run", waiting))
        | {"first_bad": ("run", np.where(lost, 500, -1))},
        {"epoch": list(EPOCHS), "group": ("run", groups)},
        {"epochs": 7000, "every": 250},
    )


def verdicts(results):
    return {claim.id: claim.verdict for claim in claims(results)}


def test_all_rows_are_reproduced_where_the_runs_do_what_the_document_says():
    rows = claims(hand_made())
    assert {claim.verdict for claim in rows} == {"reproduced"}
    assert c.from_json(c.to_json(rows)) == rows


def test_one_primary_row_a_statement_and_all_of_them_under_the_stated_conditions():
    rows = [claim for claim in claims(hand_made()) if claim.primary]
    assert [claim.id for claim in rows] == [
        "clusters-form", "little-at-500", "course-1000", "course-2500", "simple-classifier", "loss-falls", "faster-in-3d",
    ]  # fmt: skip
    assert {claim.unit for claim in rows} == {"drawn settings"}
    assert len({claim.quote for claim in rows}) == len(rows)


@pytest.mark.parametrize(
    ("id", "measure", "epoch", "value"),
    [
        ("clusters-form", "silhouette", 7000, 0.4),
        ("little-at-500", "kmeans_ari", 500, 0.4),
        ("course-1000", "purity", 1000, 0.4),
        ("course-2500", "kmeans_ari", 2500, 0.4),
        ("course-5000", "linear", 5000, 0.9),
        ("simple-classifier", "linear", 7000, 0.9),
        ("loss-falls", "loss", 2500, 0.95),
    ],
)
@pytest.mark.parametrize(("group", "suffix"), [("scale 1, 2-D", ""), ("found 2-D", "-found")])
def test_a_row_falls_with_its_own_measure_epoch_and_population(id, measure, epoch, value, group, suffix):
    told = verdicts(hand_made(**{measure: {(group, epoch): value}}))
    fallen = {name for name, verdict in told.items() if verdict != "reproduced"}
    also = {"clusters-form": set(), "simple-classifier": {"clusters-form" + suffix}}.get(id, set())
    assert fallen == {id + suffix} | also


@pytest.mark.parametrize("scale", [100, 1000])
def test_the_search_is_reported_by_scale(scale):
    told = verdicts(hand_made(silhouette={(f"scale {scale}, 2-D", 7000): 0.4}))
    assert {name for name, verdict in told.items() if verdict != "reproduced"} == {
        f"clusters-form-scale-{scale}"
    }


def test_runs_that_left_the_finite_numbers_do_nothing_of_what_a_row_asks():
    told = {claim.id: claim for claim in claims(hand_made(bad=10))}
    asked = "clusters-form little-at-500 course-1000 course-2500 simple-classifier loss-falls"
    for id in asked.split():
        assert (told[id].n, told[id].measured) == (N, pytest.approx(0.75)), id


def test_few_seeds_decide_nothing_and_short_runs_say_what_is_missing():
    assert set(verdicts(hand_made(n=4)).values()) == {"inconclusive"}
    short = hand_made().sel(epoch=[0, 500, 1000]).assign_attrs(epochs=1000)
    told = {claim.id: claim for claim in claims(short)}
    assert told["course-1000"].verdict == "reproduced"
    assert told["course-2500"].note == "epoch 2,500 was not measured, the runs end at 1,000"
    assert told["faster-in-3d"].verdict == told["clusters-form-scale-100"].verdict == "not run"


def test_a_run_that_never_separates_counts_with_the_last_epoch():
    never = hand_made()
    waiting = never.linear_at.values
    waiting[never.group.values == "found 2-D"] = [np.nan] * (N - 1) + [6000.0]
    gained = measures.gain(never, "found 2-D", "found 3-D", "linear")
    assert gained.value == pytest.approx((7000 * (N - 1) + 6000) / N - 2960)
    assert measures.logrank(never, "found 2-D", "found 3-D", "linear") < 1e-9
    assert verdicts(never)["faster-in-3d-5000-found"] == "reproduced"
    waiting[never.group.values == "found 3-D"] = 6500.0 + np.arange(N)
    assert verdicts(never)["faster-in-3d-3000-found"] == "not reproduced"


def test_settings_are_compared_with_themselves_in_three_dimensions():
    """Pairs that differ by the same amount are told apart although the settings differ far more."""
    paired = hand_made()
    for name in ("linear_at", "silhouette_at"):
        speed = np.linspace(0, 6000, N)
        paired[name].values[paired.group.values == "scale 1, 2-D"] = 400 + speed
        paired[name].values[paired.group.values == "scale 1, 3-D"] = 300 + speed + np.arange(N) % 2
        paired[name].values[paired.group.values == "found 2-D"] = 400 + speed
        paired[name].values[paired.group.values == "found 3-D"] = 300 + speed
    told = verdicts(paired)
    assert (told["faster-in-3d"], told["faster-in-3d-found"]) == ("reproduced", "inconclusive")


def test_findings_hold_only_where_the_results_say_so():
    raw = {("scale 1, 2-D", 7000): 0.1}
    told = {each.id for each in findings(with_controls(hand_made(silhouette=raw)))}
    assert {"scale-decides", "raw-inputs-clump"} <= told
    told = {each.id for each in findings(with_controls(hand_made()))}
    assert not {"scale-decides", "raw-inputs-clump", "faster-depends-on-measure"} & told


def with_controls(results):
    """Two groups more, whose points' neighbours are mixed to the end."""
    frozen = results.isel(run=slice(0, 2 * 8)).assign_coords(
        group=("run", np.repeat(["weights frozen", "inputs frozen"], 8))
    )
    frozen["purity"] = xr.full_like(frozen.purity, 0.34)
    return xr.concat([results, frozen], "run")


def test_regimes_are_told_apart():
    end = xr.Dataset(
        {
            "silhouette": ("run", [0.7, 0.1, 0.0, 0.0, np.nan]),
            "linear": ("run", [1.0, 0.6, 0.4, 0.4, np.nan]),
            "purity": ("run", [1.0, 0.95, 0.34, 0.34, np.nan]),
            "accuracy": ("run", [1.0, 1.0, 0.9, 0.4, np.nan]),
            "first_bad": ("run", [-1, -1, -1, -1, 500]),
        }
    )
    found = [measures.REGIMES[i] for i in measures.regime(end).values]
    assert found == [
        "one cluster a class", "many clumps", "network fits, points stay", "not ordered", "left the numbers"
    ]  # fmt: skip


def test_drawn_rates_lie_within_two_decades_serve_every_scale_and_no_seed_is_used_twice():
    config = get_config("full")
    plan = {batch.name: batch for batch in study.batches(config, jax.random.key(1))}
    assert len(plan) == len(study.batches(config, jax.random.key(1)))
    for kind in study.KINDS:
        flat, deep = (plan[f"{'-'.join(map(str, kind[0]))} {kind[1]} {kind[2]} {d}-D"] for d in (2, 3))
        near = setting(study.NEAR[kind[2]])
        scales = [group.rates["scale"] for group in flat.groups]
        assert scales == [1, 100, 333, 1000]
        assert [group.rates["scale"] for group in deep.groups] == [1]
        for group in (*flat.groups, *deep.groups):
            speed = group.rates["input_rate"] * group.rates["scale"]
            for drawn, middle in (
                (group.rates["weight_rate"], near.weight_rate),
                (speed, near.input_rate * near.scale),
            ):
                assert (abs(np.log10(drawn / middle)) <= 2).all()
                assert np.ptp(np.log10(drawn)) > 1
            assert np.allclose(speed, flat.groups[0].rates["input_rate"])
            assert np.allclose(group.rates["weight_rate"], flat.groups[0].rates["weight_rate"])


def test_the_first_kinds_are_balanced():
    for axis in range(3):
        names = [kind[axis] for kind in study.KINDS[:4]]
        assert {names.count(name) for name in names} == {2}
        for other in range(axis):
            assert len({(kind[axis], kind[other]) for kind in study.KINDS[:4]}) == 4


def test_bad_configs_say_what_is_wrong():
    for field, value, message in (
        ("features", (3, 5), "must include 2"),
        ("by_features", (4, 4), "at least 2 runs for each of"),
        ("every", 300, "every must divide 500"),
    ):
        config = get_config("smoke")
        setattr(config, field, value)
        with pytest.raises(ValueError, match=message):
            config.validate()


def test_a_tiny_run_is_judged_and_drawn(tmp_path, monkeypatch, quick_compiles):
    """30 points in place of 500, and 20 epochs; from one batch a shape of points, so that little is compiled."""
    config = get_config("smoke")
    config.runs, config.epochs, config.every, config.frames = 2, 20, 10, 20
    batches = study.batches

    def few(config, key):
        return [replace(batch, setting=replace(batch.setting, points=30)) for batch in batches(config, key)]

    monkeypatch.setattr(study, "batches", few)
    results = study.run(prepared(config), Run(tmp_path))
    still, moved = (
        measures.of(results, name).extent.dropna("epoch") for name in ("inputs frozen", "found 2-D")
    )
    assert np.ptp(still.values) == 0
    assert np.ptp(moved.values, axis=0).min() > 0
    kept = results.isel(run=results.cell_run.values)
    assert list(dict.fromkeys(kept.group.values.tolist())) == [
        f"scale {scale:g}, 2-D" for scale in study.SCALES
    ]
    size = np.sqrt((results.end_points.sel(feature=[0, 1]).astype(float) ** 2).sum("feature").mean("point"))
    np.testing.assert_allclose(size, kept.extent.sel(epoch=results.epochs), rtol=1e-5)
    assert {claim.verdict for claim in claims(results)} == {"not run"}
    assert all(each.statement.endswith(".") for each in findings(results))
    with style.paper_style():
        for width in style.WIDTHS:
            drawn = [
                name for name, figure in figures.FIGURES.items() if figure.draw(results, width) is not None
            ]
            assert drawn == list(figures.FIGURES)
