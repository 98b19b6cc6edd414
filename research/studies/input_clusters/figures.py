"""Figures of the study "input_clusters"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research import evidence as e
from research.plotting import charts
from research.plotting.style import ACCENT, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND, Drawing, rim
from research.studies.input_clusters import measures as study
from research.studies.input_clusters.course import bare, course, course_2d, course_3d, moving, paths, scatter
from research.studies.input_clusters.search import search

MEASURES = {
    "loss": "loss",
    "kmeans_ari": "adjusted Rand index\nof 3-means",
    "linear": "accuracy of softmax\nregression on the points",
    "silhouette": "silhouette",
}


def scores(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Loss and scores with two and three features against epochs."""
    rows, columns, height = (2, 2, 1.1) if width < NARROW else (1, 4, 0.29)
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * width), squeeze=False)
    for ax, (name, label) in zip(axes.flat, MEASURES.items()):
        for d, colour in ((2, ACCENT), (3, SECOND)):
            runs = study.of(results, f"found {d}-D")[name]
            runs = runs.dropna("epoch", how="all")
            low, middle, high = runs.quantile([0.1, 0.5, 0.9], "run").values
            ax.fill_between(runs.epoch, low, high, color=colour, alpha=0.2, linewidth=0)
            ax.plot(runs.epoch, middle, color=colour, label=f"{d} features, n = {runs.sizes['run']}")
        ax.set_title(label)
        ax.set_ylim(min(0, ax.get_ylim()[0]), None)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _survival(ax, times, end, colour, every) -> None:
    """Draws the share of runs that are not separated yet, with Wilson's band; no run is censored before the end."""
    epochs = np.arange(0, end + 1, every)
    waiting = [e.proportion(int((~(times <= epoch)).sum()), len(times)) for epoch in epochs]
    ax.fill_between(
        epochs, [w.low for w in waiting], [w.high for w in waiting], step="post", color=colour, alpha=0.18,
        linewidth=0,
    )  # fmt: skip
    ax.step(epochs, [w.value for w in waiting], where="post", color=colour)


def _label_below(axes, text: str, *, once: bool) -> None:
    """Labels the x axis of a row of axes, once for all or below each."""
    if once:
        axes[0].figure.supxlabel(text, fontsize="medium")
        return
    for ax in axes:
        ax.set_xlabel(text)


def survival(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs that are not separated yet, by number of features and by measure."""
    dimensions = study.dimensions(results)
    features = sorted({2, 3, *dimensions})
    shades = dict(zip(features, plt.get_cmap("viridis")(np.linspace(0, 0.7, len(features)))))
    rows = (
        ("like the document", {d: f"found {d}-D" for d in (2, 3)}),
        ("features matter most", {d: f"{d} features" for d in dimensions}),
    )
    narrow = width < NARROW
    plain, rest = (0.42 * width, 0.8) if narrow else (0.26 * width, 0.5)  # inches: of the curves, of labels
    line = 8.5 / 72  # of a line of text above the curves
    heights = [plain + line * len(groups) for _, groups in rows]
    figure, axes = plt.subplots(
        2, 2, figsize=(width, sum(heights) + rest), height_ratios=heights, sharex=True, sharey="row"
    )
    sizes: set[int] = set()
    for row, (_, groups) in zip(axes, rows):
        for ax, (measure, rule) in zip(row, study.RULES.items()):
            for i, (d, group) in enumerate(groups.items()):
                times = study.times(results, group, measure)
                _survival(ax, times, results.epochs, shades[d], results.every)
                middle = np.median(np.nan_to_num(times, nan=np.inf))
                sizes.add(len(times))
                text = f"{d} features: " + (
                    f"{middle:,.0f}" if np.isfinite(middle) else f"> {int(results.epochs):,}"
                )
                ax.annotate(
                    text, (1, 1), xytext=(-2, -2 - 72 * line * i), xycoords="axes fraction",
                    textcoords="offset points", ha="right", va="top", color=shades[d], path_effects=rim(),
                    fontsize="small" if narrow else "medium",
                )  # fmt: skip
            ax.set_ylim(-0.03, 1.03 + 1.6 * line * len(groups) / plain)
            ax.set_yticks(np.linspace(0, 1, 6))
            ax.set_title(rule.replace(" above", "\nabove") if narrow else rule)
            ax.grid(axis="y")
    for ax, (setting, _) in zip(axes[:, 0], rows):
        ax.set_ylabel(f"share not there yet\n{setting}")
    n = f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    _label_below(axes[1], f"epoch (numbers: median; n = {n} runs each)", once=narrow)
    axes[0, 0].set_xlim(0, results.epochs * 1.02)
    return figure


def gain(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Epochs gained over two features by both measures."""
    narrow = width < NARROW
    rows = [("like the document", 3, "found 2-D", "found 3-D")]
    rows += [
        ("features matter most", d, "2 features", f"{d} features") for d in study.dimensions(results) if d > 2
    ]
    figure, ax = plt.subplots(figsize=(width, 0.36 * len(rows) + 0.95))
    for (measure, rule), colour, shift in zip(study.RULES.items(), (ACCENT, SECOND), (0.14, -0.14)):
        for y, (_, _, two, more) in enumerate(reversed(rows)):
            gained = study.gain(results, two, more, measure)
            never = np.isnan(study.times(results, more, measure)).all()
            fill = "white" if never else colour
            charts.measured(ax, y + shift, gained, colour, across=True, markersize=4, mfc=fill)
        ax.plot([], [], "o", color=colour, markersize=4, label=rule)
    figure.legend(loc="outside lower center", ncols=2)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.axvline(study.SAID_GAIN, color=MUTED, linewidth=0.8, linestyle=":")
    said = "the document's single pair"
    ax.text(study.SAID_GAIN, len(rows) - 0.4, said, color=MUTED, va="bottom", ha="right", fontsize="small")
    ax.set_yticks(range(len(rows)), [f"{setting},\n{d} features" for setting, d, *_ in reversed(rows)])
    said = "epochs earlier than with two features (mean, 95 % interval); left of 0: later"
    ax.set_xlabel(said.replace(" (", "\n(") if narrow else said)
    ax.locator_params(axis="x", nbins=5 if narrow else 9)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_ylim(-0.6, len(rows) - 0.4)
    return figure


SHORT = {
    "found 2-D": "both move",
    "weights frozen": "weights frozen",
    "inputs frozen": "inputs frozen",
    "labels by sector": "true labels (sectors)",
}


def controls(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The points at the end with frozen weights, with frozen inputs, and with labels that follow the points."""
    names = [name for name in SHORT if course(results, name)]
    if len(names) < 2:
        return None
    figure, axes = charts.panels(len(names), 2 if width < NARROW else len(names), width, 1.36)
    for ax, name in zip(axes.flat, names):
        points, labels, frames = course(results, name)
        scatter(ax, points[-1], labels)
        bare(ax, 1.05 * np.abs(points[-1]).max())
        ax.set_title(SHORT[name])
        end = study.of(results, name).sel(epoch=frames[-1])
        window = f"{ax.get_xlim()[1]:,.0f}"
        text = (
            f"network {_mean(end.accuracy)}, a line {_mean(end.linear)}\n"
            f"silhouette {_mean(end.silhouette)}, n = {end.sizes['run']}\nwindow ±{window}"
        )
        ax.set_xlabel(text.replace("-", "−"), color=MUTED, loc="left")
    return figure


def _mean(values) -> str:
    return f"{float(values.mean()):.2f}"


def classifiers(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy of simple classifiers on the points before and after."""
    narrow = width < NARROW
    names = [name for name in (*SHORT, "found 3-D") if name in results.group.values]
    figure, axes = plt.subplots(1, 3, figsize=(width, 0.3 * len(names) + 0.75), sharey=True)
    titles = {
        "linear": "softmax regression",
        "knn": "nearest neighbours",
        "accuracy": "network itself",
    }
    for ax, (measure, title) in zip(axes, titles.items()):
        for y, name in enumerate(reversed(names)):
            runs = study.of(results, name)[measure].dropna("epoch", how="all")
            ends = [e.share(runs.isel(epoch=at).values) for at in (0, -1)]
            ax.plot([end.value for end in ends], [y, y], color=FAINT, zorder=0)
            for end, colour in zip(ends, (MUTED, ACCENT)):
                charts.measured(ax, y, end, colour, across=True, markersize=4)
        ax.axvline(1 / 3, color=FAINT, linestyle=":")
        ax.set(title=title.replace(" ", "\n", 1) if narrow else title, xlim=(0, 1.04))
        if narrow:
            ax.set_xticks((0, 0.5, 1))
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    _label_below(axes, "accuracy: before (grey), after (blue)", once=True)
    labels = {**SHORT, "found 2-D": "2 features", "found 3-D": "3 features"}
    sizes = {name: study.of(results, name).sizes["run"] for name in names}
    shown = [f"{labels[name]}, n = {sizes[name]}" for name in reversed(names)]
    axes[0].set_yticks(range(len(names)), [s.replace(" (", "\n(") if narrow else s for s in shown])
    axes[0].set_ylim(-0.6, len(names) - 0.4)
    return figure


FIGURES = {
    "course-2d": Drawing(
        course_2d,
        "Do the classes form clusters as in the document? One run of the setting that was found by search "
        "(`S2`), two features, at the document's epochs; all panels show the same window. Colours: the three "
        "classes, which are random.",
        "wide",
    ),
    "course-3d": Drawing(
        course_3d,
        "Do they also form clusters with three features? One run of the found setting (`S2`); camera and cube "
        "are the same in all panels.",
        "appendix",
    ),
    "paths": Drawing(
        paths,
        "How do the points move? The path of every point of the run above from its start (grey) to the end, one "
        "panel per class.",
        "appendix",
    ),
    "scores": Drawing(
        scores,
        "When do the classes separate? Loss and scores of the found setting (`S2`) with two and three features: "
        "median and the middle four fifths of the seeds.",
        "appendix",
        "faster-depends-on-measure",
    ),
    "survival": Drawing(
        survival,
        "Are three features separated sooner than two? Share of runs that are not separated yet, with "
        "Wilson's {confidence} band. Above: the document's course (`S2`); below: the setting in which the "
        "number of features matters most (`I`). Left: by a linear classifier; right: by the silhouette.",
        "column",
        "faster-depends-on-measure",
    ),
    "gain": Drawing(
        gain,
        "Do more features save epochs? Mean epochs gained over two features, by a linear classifier and by the silhouette, "
        "with {confidence} intervals; a run that never separates counts with the last epoch. Open marks: no "
        "run separated. Dotted: the document's one pair of runs.",
        "column",
        "features-help-a-line",
    ),
    "controls": Drawing(
        controls,
        "Is it the inputs that matter? The end of one run of the found setting (`S2`): both descend; weights "
        "frozen; inputs frozen; both descend from labels that lie in sectors. Numbers are means over the runs.",
        "appendix",
        "inputs-do-the-work",
    ),
    "classifiers": Drawing(
        classifiers,
        "Can a simple classifier separate the classes at the end? Accuracy on the points before (grey) and after "
        "(blue), found setting (`S2`) and its controls: means over n seeds with {confidence} intervals; "
        "five nearest neighbours, none of them the point itself; dotted: chance.",
        "appendix",
        "inputs-do-the-work",
    ),
    "search": Drawing(
        search,
        "Under which conditions do clusters form? How the drawn settings end, by the speed of the points "
        "(input rate times scale), the rate of the weights, the optimiser and the scale of the inputs; "
        "titles: how many end with one cluster a class. Circles: one small hidden layer, squares: two, "
        "triangles (in larger presets): one large; black: numbers that are not finite. Below: one example of each end that "
        "occurs, in its colour.",
        "wide",
        "scale-decides",
    ),
}
ANIMATIONS = {
    "course": Drawing(
        moving,
        "How do the classes form clusters? One run with two features, with its loss and its silhouette so far.",
    )
}
