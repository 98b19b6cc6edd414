"""Causal maps: what does each pixel mean to each class, and how sure is such a map?

Claims   the heat maps of the causal index resemble the digits; the network misreads 1.92 % (000)
Expect   maps-like-digits      0.504 (0.4019 to 0.6061, n = 3)
         maps-like-digits-own  1 (1 to 1, n = 5)
         maps-network-error    0.0163 (0.01541 to 0.01719, n = 5)
Time     70 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/causal_maps.py --workdir=results/causal_maps
Presets  --config=configs/causal_maps.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.causal_maps.study import DENSE, Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks of each dense kind, two CNNs. full: twenty and five."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(
            networks=20, cnns=5, untrained=20, shuffled=20, shuffle=DENSE, shuffled_epochs=8, images=10_000,
            cnn_images=2000, images_a_class=100, steps=32, restarts=20, cnn_restarts=5, masks=500,
            curve_images=1000, cnn_curve_images=300, points=28, depths=(1, 2, 3, 4, 5, 8), deep_networks=20,
        )  # fmt: skip
    if preset == "smoke":
        config = Config(
            include=("sigmoid200", "softmax"), networks=2, untrained=2, shuffled=2, shuffle=("sigmoid200",),
            shuffled_epochs=1, images=50, images_a_class=2, steps=4, restarts=1, masks=20, generations=5,
            curve_images=5, points=7, depths=(1, 3), deep_networks=2,
        )  # fmt: skip
        for how in (config.softmax, config.sigmoid200, config.deep):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
