"""Bottlenecks: can a digit pass through two neurons and still be known?

Claims   more than 96 % of the labels through two neurons; the plane looks very different from t-SNE, yet digits that
         are close in t-SNE are close there (002)
         bottleneck-96: at least the document's 96 %; different: Procrustes disparity above .5; alike: rank correlation
         above 0 (the last two are our criteria, set before measuring)
Expect   bottleneck-96               0.9615 (0.9606 to 0.9624, n = 30 networks)
         bottleneck-looks-different  0.7369 (0.688 to 0.7807, n = 30 network and t-SNE pairs)
         bottleneck-like-tsne        0.2895 (0.2334 to 0.3436, n = 30 network and t-SNE pairs)
Run      python -m launch.study --config=configs/bottlenecks.py --workdir=results/bottlenecks
Presets  --config=configs/bottlenecks.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.bottlenecks.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks, each beside a t-SNE; two for each point of the curves, one epoch.
    full: thirty, and five for each point, trained as long as the network of the claims.
    """
    if preset == "quick":
        return Config(widths=(1, 2, 10, 30), mapped=1000)
    if preset == "full":
        config = Config(networks=30, widths=(1, 2, 3, 5, 10, 30), curve_networks=5)
        config.curve_epochs = config.bottleneck.training.epochs
        return config
    if preset == "smoke":
        config = Config(
            networks=2, widths=(1, 2), bottleneck_activations=("linear", "relu"), curve_networks=1, mapped=300,
            iterations=50,
        )  # fmt: skip
        shorten(config.bottleneck)
        config.bottleneck.training.batch = 50
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
