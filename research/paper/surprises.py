"""What surprised us in each study: sentences with the numbers of the results at hand.

A study's function yields (does it hold in these results, the sentence); the report prints those that hold. A trial
run, or one that left a part out, therefore says less, and nothing untrue.
"""

from collections.abc import Callable, Iterator
from typing import SupportsFloat

import numpy as np
import xarray as xr

from research.evidence import claims as c
from research.studies.bottlenecks import study as bottlenecks
from research.studies.causal_maps import measures as causal_maps_measures
from research.studies.denoising import study as denoising
from research.studies.drawings import study as drawings
from research.studies.embeddings import study as embeddings
from research.studies.identikits import measures as identikits_measures
from research.studies.input_clusters import measures as input_clusters_measures

Sentences = Iterator[tuple[bool, str]]


def of(study: str, results: xr.Dataset) -> list[str]:
    """The sentences about a study that hold in these results, in order."""
    return [text for holds, text in FOUND[study](results) if holds] if study in FOUND else []


def percent(share: SupportsFloat, places: int = 1) -> str:
    return f"{100 * float(share):.{places}f} %"


def _listing(names: list) -> str:
    *rest, last = map(str, names)
    return f"{', '.join(rest)} and {last}" if rest else last


def _drawings(results: xr.Dataset) -> Sentences:
    def read(family: str, strength: float, which: str) -> dict[str, float]:
        step = drawings.step_of(results, family, strength)
        hits = {kind: drawings.right(results, kind, which).sel(family=family) for kind in drawings.KINDS}
        return {kind: float(hit.isel(step=step).mean()) for kind, hit in hits.items()}

    sevens, others = int(results.sevens), results.sizes["image"] - int(results.sevens)
    wide, moved = read("width", drawings.WIDE, "sevens"), read("shift", 4.0, "all")
    thick = read("thickness", 1.5, "sevens")
    yield (
        min(wide.values()) > 0.9,
        f"Width alone fools none of the three: {drawings.WIDE} times as wide, the sevens (n = {sevens:,}) are still read by "
        f"the dense network ({percent(wide['dense3'])}), the nearest neighbours ({percent(wide['knn'])}) and the CNN "
        f"({percent(wide['cnn_small'])}).",
    )
    yield (
        moved["cnn_small"] > 1.5 * max(moved["dense3"], moved["knn"]),
        f"What sets the CNN apart is place: of all digits moved by 4 pixels it reads {percent(moved['cnn_small'], 0)}, the "
        f"dense network {percent(moved['dense3'], 0)}, the nearest neighbours {percent(moved['knn'], 0)} (n = {others:,}). "
        "The document's seven was drawn to the edges, not only wider.",
    )
    yield (
        thick["dense3"] < min(thick["cnn_small"], thick["knn"]) - 0.1,
        f"Thick strokes fool the dense network first: with 1.5 pixels more on each side it reads "
        f"{percent(thick['dense3'], 0)} of the sevens (n = {sevens:,}), the CNN {percent(thick['cnn_small'], 0)}, the "
        f"nearest neighbours {percent(thick['knn'], 0)}.",
    )


def _embeddings(results: xr.Dataset) -> Sentences:
    named = dict(zip(results["map"].values.tolist(), results.accuracy.values.tolist()))
    near = results.shared.sel(neighbourhood=embeddings.NEAR)
    kept = dict(zip(results["map"].values.tolist(), near.values.tolist()))
    pixels, n = float(results.pixel_accuracy), results.sizes["digit"]
    yield (
        named["tsne"] > pixels,
        f"Two numbers by t-SNE name more digits by their 5 nearest ({percent(named['tsne'])}) than all 784 pixels do "
        f"({percent(pixels)}, n = {n:,} digits each, leave-one-out).",
    )
    yield (
        named["bottleneck"] > named["tsne"] and kept["bottleneck"] < kept["tsne"] / 3,
        f"The two neurons of a bottleneck separate the classes better than t-SNE ({percent(named['bottleneck'])}) and keep "
        f"next to none of the neighbourhoods among the pixels: {percent(kept['bottleneck'], 0)} of the {embeddings.NEAR} "
        f"nearest (two principal components {percent(kept['pca'], 0)}); t-SNE keeps {percent(kept['tsne'], 0)}.",
    )
    yield (
        named["cnn"] > named["tsne"],
        f"A t-SNE of the CNN's last hidden layer still keeps {percent(kept['cnn'], 0)} of the {embeddings.NEAR} nearest among "
        f"the pixels ({percent(named['cnn'])} named right).",
    )
    explained = float(results.explained.values[:2].sum())
    yield (
        named["pca"] < 0.6,
        f"Two principal components explain {percent(explained)} of the variance and name {percent(named['pca'], 0)} of the "
        "digits.",
    )
    placed, codes = ((results[s] == results.placed_label).mean() for s in ("placed_said", "codes_said"))
    yield (
        bool(placed > 0.9),
        f"Of {results.sizes['held_out']:,} held-out digits put into the finished map {percent(placed)} are named by their 5 "
        f"nearest there, {percent(codes)} by their 5 nearest among the {embeddings.COMPONENTS} components before.",
    )


def _denoising(results: xr.Dataset) -> Sentences:
    pairs = results.sizes["pair"]
    kept = results.kept.sel(reader=denoising.JUDGED).mean("pair")
    noisy, cleaned, trained = (
        float(kept.sel(condition=f"{denoising.AUTHORS} at 1", cleaning=name)) for name in denoising.CLEANINGS
    )
    yield (
        cleaned - noisy > (1 - noisy) / 2,
        "An autoencoder that has never seen noise brings back most of what the author's noise costs at strength 1: from "
        f"{percent(noisy)} to {percent(cleaned)} (n = {pairs} pairs); one trained on that noise gets to {percent(trained)}.",
    )
    at = kept.sel(condition=list(denoising.NOISES))
    own, other = at.sel(cleaning="autoencoder"), at.sel(cleaning="denoiser")
    clean = results.accuracy.isel(level=0).sel(reader=denoising.JUDGED, noise=denoising.AUTHORS).mean("pair")
    yield (
        bool((own > other).all()),
        "Where the network keeps 89 %, the autoencoder trained on clean digits is the better cleaner for every noise "
        f"(log-uniform {percent(own.sel(condition=denoising.AUTHORS))} against "
        f"{percent(other.sel(condition=denoising.AUTHORS))}, n = {pairs} pairs): the one trained on noise blurs what little "
        f"was wrong and leaves {percent(clean.sel(cleaning='denoiser'))} of clean digits right, the other "
        f"{percent(clean.sel(cleaning='autoencoder'))}.",
    )
    short = [name for name in denoising.NOISES if float(own.sel(condition=name)) < 0.94]
    yield (
        len(short) == 1,
        f"{short[0].replace('_', ' ').capitalize() if short else ''} is the only noise after which cleaning does not reach "
        f"94 % ({percent(own.sel(condition=short[0])) if short else ''}, n = {pairs} pairs).",
    )


def _bottlenecks(results: xr.Dataset) -> Sentences:
    yield (
        results.attrs["bottleneck_activation"] == "linear",
        "A linear bottleneck makes every class a ray: the direction names the digit, the length says how surely. The "
        "misread digits lie where the rays meet.",
    )
    n, epochs = results.sizes["curve_seed"], int(results.curve_epochs)
    squeezed = results.squeeze_accuracy.mean("curve_seed").values
    best_first = sorted(zip(squeezed, results.coords["bottleneck_activation"].values), reverse=True)
    ranked = ", ".join(f"{name.replace('relu', 'ReLU')} {percent(value)}" for value, name in best_first)
    yield (
        bool(np.ptp(squeezed) > 0.2),
        f"Early in training (epoch {epochs}) the activation of the two neurons decides nearly everything: {ranked} (n = {n} "
        "networks each).",
    )
    width = dict(
        zip(results.width.values.tolist(), results.width_accuracy.mean("curve_seed").values.tolist())
    )
    if {1, 10, 30} <= width.keys():
        yield (
            abs(width[10] - width[30]) < 0.01,
            f"Ten neurons are nearly as good as thirty ({percent(width[10])} and {percent(width[30])} at epoch {epochs}, n = "
            f"{n}); one neuron still orders {percent(width[1], 0)} of the digits.",
        )
    missed = np.median(np.linalg.norm(results.path_reached.values - results.path.values, axis=-1))
    missed /= np.linalg.norm(results.code.values.std(0))
    yield (
        bool(missed < 0.05),
        f"The network's image of a place in the plane hits it (median distance {percent(missed)} of the codes' spread, n = "
        f"{results.sizes['stop']} places) and shows no digit: faint patches, while the real digits nearby are plain to read.",
    )
    if "tsne_distance" in results:
        i, j = np.triu_indices(10, 1)
        closest = np.argmin(results.tsne_distance.values[i, j])
        ranks = [int((one[i, j] < one[i[closest], j[closest]]).sum()) for one in results.code_distance.values]
        alike = [
            bottlenecks.rank_correlation(results.tsne_distance.values, one, np.arange(10))
            for one in results.code_distance.values
        ]
        among = sum(rank < 6 for rank in ranks)
        yield (
            0 < among < len(ranks),
            f"Which classes lie close varies from seed to seed: {i[closest]} and {j[closest]}, the closest pair in t-SNE, are "
            f"among the six closest in {among} of {len(ranks)} networks. The likeness (rank correlation "
            f"{np.mean(alike):.2f}) is there, but small.",
        )


def _causal_maps(results: xr.Dataset) -> Sentences:
    there = set(results.kind.values)
    m = causal_maps_measures
    if {"sigmoid200", "softmax"} <= there:
        rim, middle = results.ink.values < 0.01, results.ink.values > 0.25
        alike, inside = {}, {}
        for kind in ("sigmoid200", "softmax"):
            maps = m.of(results, kind)["map"].sel(reading="causal_index").values
            alike[kind] = float(m.resembles(results, kind, "causal_index").mean())
            pairs = zip(
                maps[:, :, middle].reshape(-1, middle.sum()),
                np.tile(results.contrast.values[:, middle], (len(maps), 1)),
            )
            inside[kind] = float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]))
        weights = m.of(results, "softmax")["map"].sel(reading="causal_index").values
        at_rim, at_middle = (float(np.sqrt((weights[:, :, where] ** 2).mean())) for where in (rim, middle))
        n = m.of(results, "softmax").sizes["network"]
        yield (
            alike["sigmoid200"] > alike["softmax"]
            and inside["sigmoid200"] < inside["softmax"]
            and at_rim > at_middle,
            f"The network with a hidden layer looks more like the digits than the linear one, r = {alike['sigmoid200']:.2f} "
            f"for 784-200-10 against {alike['softmax']:.2f} for softmax regression (n = {n} networks each), but only because "
            f"of the rim: at the {rim.sum()} pixels with ink in fewer than 1 % of the images the linear map is larger (rms "
            f"{at_rim:.2f}) than at the {middle.sum()} with ink in more than 25 % ({at_middle:.2f}). On the latter alone "
            f"r = {inside['sigmoid200']:.2f} against {inside['softmax']:.2f}. The document's min-max grey is spent on that "
            "rim, too.",
        )
    if results.sizes.get("depth", 0) > 1:
        agree, like = (results[name].mean("member") for name in ("depth_agreement", "depth_resemblance"))
        like = like.sel(known="causal_index")
        shallow, deep = agree.depth.values[0], agree.depth.values[-1]
        yield (
            bool(agree[0] > 0.9 > agree[-1]),
            f"Weights alone say nearly all that the mean Jacobian says: r = {float(agree[0]):.2f} with {shallow} hidden layer "
            f"of 100, and {float(agree[-1]):.2f} with {deep} of them, where the resemblance to the digit has fallen from "
            f"{float(like[0]):.2f} to {float(like[-1]):.2f} (n = {results.sizes['member']} networks each).",
        )
    dense = [kind for kind in ("softmax", "sigmoid200", "mlp100", "mlp3") if kind in there]
    area = results.curves.sel(curve="deletion").integrate("point")
    areas = {kind: m.of(area.to_dataset(name="area"), kind).area.mean("network") for kind in dense}
    if "sigmoid200" in areas:
        mean, index = (
            float(areas["sigmoid200"].sel(ranking=name)) for name in ("class_mean", "causal_index")
        )
        yield (
            all(bool(a.sel(ranking="class_mean") < a.sel(ranking="causal_index")) for a in areas.values()),
            "The mean digit, which knows nothing of the network, is a better order for deleting pixels than the network's "
            f"own causal index in all {len(dense)} kinds of dense network (area {mean:.3f} against {index:.3f} in 784-200-10, "
            "lower is better): it knows where the ink is.",
        )
    z = m.z_maps(results, "sigmoid200", "untrained") if "null_kind" in results.coords else None
    if z is not None:
        dark = results.ink.values == 0
        everywhere, there_too = (float((np.abs(part) > 2).mean()) for part in (z, z[:, dark]))
        yield (
            there_too > 0.5,
            f"Against untrained networks {percent(everywhere, 0)} of the pixels of a 784-200-10 network's maps have |z| > 2, "
            f"and so have {percent(there_too, 0)} of those at the {dark.sum()} pixels that no training image ever lights: with "
            "inputs in [-1, 1] the blank rim is a second bias. A z-map says that training moved a weight, not that the pixel "
            "matters.",
        )
    if {"mlp3", "sigmoid200"} <= there and min(
        m.of(results, kind).sizes["network"] for kind in ("mlp3", "sigmoid200")
    ) > 1:
        between = {}
        for kind in ("mlp3", "sigmoid200"):
            maps = m.of(results, kind)["map"].sel(reading="causal_index").values
            flat = maps.reshape(*maps.shape[:2], -1)
            i, j = np.triu_indices(len(flat), 1)
            between[kind] = np.array(
                [[np.corrcoef(flat[a, k], flat[b, k])[0, 1] for k in range(10)] for a, b in zip(i, j)]
            )
        deep, shallow = between["mlp3"], between["sigmoid200"]
        yield (
            bool(deep.mean() < shallow.mean()),
            f"Maps of two seeds of 784-500-200-50-10 correlate by {deep.mean():.2f} on average and by {deep.min():.2f} for the "
            f"least alike pair of a digit; of 784-200-10 by {shallow.mean():.2f} (n = {len(deep)} pairs of networks).",
        )
    if "cnn" in there:
        cnns = m.of(results, "cnn").resemblance
        told = {name: m.top1_match(cnns.sel(reading=name).values) for name in ("identikit", "mean_jacobian")}
        shares = [percent(share, 0) for share in told["identikit"]]
        yield (
            bool(told["identikit"].min() < told["mean_jacobian"].min()),
            f"Of the CNNs' mean identikits only {_listing(shares)} resemble their own digit most, of their mean Jacobians "
            f"{percent(told['mean_jacobian'].mean(), 0)} do (n = {len(shares)} CNNs, ten maps each); the Jacobian shows the "
            "grid of the max-pools.",
        )


def _identikits(results: xr.Dataset) -> Sentences:
    m = identikits_measures
    kind = m.document_kind(results)
    named = m.KINDS[kind]
    judges = [i for i, name in enumerate(results.judge.values) if name.split()[0] == kind]
    tops = results.random_top.isel(judge=judges)
    sure = {name: (tops.sel(noise=name) > 0.6).sum("example").values for name in tops.noise.values}
    n = tops.sizes["example"]
    yield (
        bool(sure["uniform"].max() > 0.1 * n),
        f"Networks are sure of noise: of {n:,} images of uniform noise the {len(judges)} networks ({named}), alike in "
        f"everything but their seed, gave {_listing(sure['uniform'].tolist())} a largest output above 0.6. Of digits with "
        f"shuffled pixels it was {_listing(sure['shuffled_digits'].tolist())}: whether random images stay below 0.6 is a "
        "matter of the network and of how bright the noise is.",
    )
    runs = m.of(results, kind)
    to = {
        d: m.of(results, kind, m.DEFAULT, d).evaluations_to.sel(target=0.99).values
        for d in np.unique(runs.digit).tolist()
    }
    medians = {d: float(np.median(np.nan_to_num(values, nan=np.inf))) for d, values in to.items()}
    ranked = sorted(medians, key=lambda d: medians[d])
    if {7, 9} <= medians.keys():
        reached = [f"{int(np.isfinite(to[d]).sum())} of {len(to[d])}" for d in (7, 9)]
        most, fewest = ranked[-2:][::-1], [d for d in ranked if medians[d] == medians[ranked[0]]]
        yield (
            all(np.isfinite(to[d]).all() for d in (7, 9)),
            f"7 and 9 are no harder than the rest with low-frequency masks ({_listing(reached)} runs reach 0.99); "
            f"{_listing(most)} need the most evaluations (medians {_listing([f'{medians[d]:,.0f}' for d in most])}), "
            f"{_listing(fewest)} the fewest ({medians[fewest[0]]:,.0f}).",
        )
    dense = [m.of(results, kind, name) for name in ("gauss_0.1", "gauss_0.1_clipped")]
    if all(part.sizes["run"] for part in dense) and 0 in dense[0].digit:
        at_zero = dense[0].isel(run=np.flatnonzero(dense[0].digit.values == 0))
        left = int((at_zero.distance > 0).sum())
        arrived = [np.isfinite(part.evaluations_to.sel(target=0.99).values) for part in dense]
        digits = len(np.unique(dense[0].digit.values[arrived[0]]))
        yield (
            left == 0 and not arrived[1].all(),
            f"The document's obstacles belong to dense Gaussian masks: unclipped they never start towards 0 ({left} of "
            f"{at_zero.sizes['run']} runs leave the blank image) and reach 0.99 for {digits} digits; clipped to [0, 1] "
            f"{arrived[1].sum()} of {arrived[1].size} runs arrive within {results.attrs['generations']} generations.",
        )
    believed = m.transfer(results)
    kinds = np.array([str(name).split()[0] for name in believed.judge.values])
    mine, linear = np.flatnonzero(kinds == kind), np.flatnonzero(kinds == "softmax")
    among = believed.values[np.ix_(mine, mine)][~np.eye(len(mine), dtype=bool)]
    if len(among) and len(linear) and kind != "softmax":
        given = believed.values[np.ix_(mine, linear)]
        yield (
            bool(among.min() > given.max()),
            f"Networks of one kind believe each other's identikits (mean confidence {among.min():.2f} and above among the "
            f"{len(mine)} of kind {named}), networks of different kinds hardly (softmax regression gives theirs "
            f"{given.min():.2f} to {given.max():.2f}).",
        )
    climbed = m.of(results, kind, "ascent_pixel")
    if climbed.sizes["run"]:
        steps, searched = (
            float(np.median(np.nan_to_num(part.evaluations_to.sel(target=0.99).values, nan=np.inf)))
            for part in (climbed, runs)
        )
        own = [float(m.own_resemblance(part).mean()) for part in (climbed, runs)]
        yield (
            steps < searched and own[0] < own[1],
            f"A gradient needs {steps:,.0f} evaluations to 0.99 (median of {climbed.sizes['run']} runs), the search "
            f"{searched:,.0f} ({runs.sizes['run']} runs), but the search's low-frequency pictures are more like digits "
            f"(correlation with the class mean {own[1]:.2f} against {own[0]:.2f}).",
        )


def _input_clusters(results: xr.Dataset) -> Sentences:
    m = input_clusters_measures

    def ahead(two: str, three: str, measure: str) -> tuple[c.Interval, float]:
        return m.gain(results, two, three, measure), m.logrank(results, two, three, measure)

    def epochs(interval: c.Interval) -> str:
        return f"{interval.value:,.0f} epochs (95 % interval {interval.low:,.0f} to {interval.high:,.0f}"

    pair = ("document 2-D", "document 3-D")
    if not all(np.isfinite(m.times(results, group, "linear")).any() for group in pair):
        return  # too short a run: there is nothing to compare
    (line, p_line), (shape, p_shape) = (ahead(*pair, measure) for measure in ("linear", "silhouette"))
    n = m.of(results, pair[0]).sizes["run"], m.of(results, pair[1]).sizes["run"]
    yield (
        line.value > 0 > shape.value,
        f"Whether three features are faster depends on the measure. By a line they gain {epochs(line)}, log-rank p = "
        f"{p_line:.2g}), by the silhouette {epochs(shape)}, p = {p_shape:.2g}; n = {n[0]} and {n[1]} runs).",
    )
    by_dimension = [
        m.gain(results, "2 features", "3 features", measure) for measure in ("linear", "silhouette")
    ]
    yield (
        by_dimension[0].low > 0 > by_dimension[1].low,
        f"In setting I three features gain {epochs(by_dimension[0])}) by a line, by the silhouette "
        f"{epochs(by_dimension[1])}); n = {m.of(results, '2 features').sizes['run']} runs each.",
    )
    late, early = m.times(results, pair[0], "linear"), m.times(results, pair[1], "linear")
    slow, fast = float((~(late <= 5000)).mean()), float((early <= 3000).mean())
    yield (
        0 < slow * fast < 0.1,
        "The document's pair, three features by 3,000 epochs and two features after more than 5,000, is drawn by chance in "
        f"about {percent(slow * fast, 0)} of the pairs of runs (by a line: {percent(fast, 0)} of the runs with three features, "
        f"{percent(slow, 0)} of those with two).",
    )
    frozen = {}
    for name in ("weights frozen", "inputs frozen"):
        purity = m.of(results, name).purity.dropna("epoch", how="all").mean("run")
        frozen[name] = float(purity[0]), float(purity[-1])
    n_frozen = m.of(results, "weights frozen").sizes["run"]
    yield (
        frozen["weights frozen"][1] > frozen["inputs frozen"][1] + 0.2,
        "The inputs do most of the work: with frozen random weights the neighbours' labels still become predictable (share "
        f"of a point's 5 nearest that have its label {frozen['weights frozen'][0]:.2f} to {frozen['weights frozen'][1]:.2f}), "
        f"with frozen inputs they stay at {frozen['inputs frozen'][1]:.2f} (n = {n_frozen} runs each).",
    )


FOUND: dict[str, Callable[[xr.Dataset], Sentences]] = {
    "identikits": _identikits,
    "causal_maps": _causal_maps,
    "input_clusters": _input_clusters,
    "denoising": _denoising,
    "bottlenecks": _bottlenecks,
    "embeddings": _embeddings,
    "drawings": _drawings,
}
