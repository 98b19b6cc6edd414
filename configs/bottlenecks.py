"""Bottlenecks: can a digit pass through two neurons and still be known?

Claims   more than 96 % of the labels through two neurons; digits that are close in t-SNE are close there (002)
Expect   bottleneck-96         0.9626 (0.9607 to 0.9645, n = 5)
         bottleneck-like-tsne  0.3106 (0.01849 to 0.5645, n = 10)
Time     73 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/bottlenecks.py --workdir=results/bottlenecks
Presets  --config=configs/bottlenecks.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.bottlenecks.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks, three each for the curves, one epoch. full: twenty, trained to the end."""
    if preset == "quick":
        return Config()
    if preset == "full":
        config = Config(networks=20, curve_networks=20, curve_epochs=10, mapped=10_000)
        config.bottleneck.training.epochs = 10
        return config
    if preset == "smoke":
        config = Config(
            networks=2,
            widths=(1, 2),
            bottleneck_activations=("linear", "relu"),
            curve_networks=1,
            mapped=300,
            iterations=50,
        )
        shorten(config.bottleneck)
        config.bottleneck.training.batch = 50
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
