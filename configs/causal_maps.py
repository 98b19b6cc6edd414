"""Causal maps: what does each pixel mean to each class, and how sure is such a map?

Claims   the heat maps of the causal index resemble the digits; it works well for a simple structure, and more complex
         ones might require other approaches (000)
         alike: correlation with the digit above both null models'; simple: correlation of the causal index with the
         mean Jacobian at least .9; deeper: that correlation falls (all are our criteria, set before measuring)
Expect   maps-like-digits         0.5056 (0.4965 to 0.5147, n = 30 networks of the smaller group)
         index-suits-simple       0.9839 (0.983 to 0.9848, n = 30 networks)
         index-suits-deeper-less  -0.1345 (-0.141 to -0.128, n = 30 networks of each depth)
Run      python -m launch.study --config=configs/causal_maps.py --workdir=results/causal_maps
Presets  --config=configs/causal_maps.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.causal_maps.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks for each claim, fewer of other kinds. full: thirty; null models are
    trained as long as the networks.
    """
    if preset == "quick":
        return Config()
    if preset == "full":
        config = Config(
            networks=30, others=10, cnns=3, untrained=30, shuffled=30, images=5000, cnn_images=1000,
            images_a_class=50, steps=32, restarts=10, cnn_restarts=3, masks=200, curve_images=300,
            cnn_curve_images=100, points=28, depths=(1, 2, 3, 4, 5), deep_networks=30,
        )  # fmt: skip
        config.shuffled_epochs = config.sigmoid200.training.epochs
        config.deep.training.epochs = 4
        return config
    if preset == "smoke":
        config = Config(
            include=("sigmoid200", "softmax"), networks=2, others=2, untrained=2, shuffled=2, shuffled_epochs=1,
            images=50, images_a_class=2, steps=4, restarts=1, masks=20, generations=5, curve_images=5, points=7,
            depths=(1, 3), deep_networks=2,
        )  # fmt: skip
        for how in (config.softmax, config.sigmoid200, config.deep):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
