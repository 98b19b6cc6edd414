"""Drawings: which recogniser still reads a wide, slanted, shifted or thick digit?

Claims   a far wider 7, pressed to the edges, fools the dense network and KNN, the CNN holds; its PCA point leaves the
         sevens for the centre (001)
Run      python -m launch.study --config=configs/drawings.py --workdir=results/drawings
Presets  --config=configs/drawings.py:smoke | :quick | :full
"""

from research.studies.drawings import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: all test sevens, two networks of a kind. full: all test images, ten networks."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(networks=10, others=10_000)
    if preset == "smoke":
        config = Config(networks=1, sevens=20, others=20, neighbours_among=3000)
        for how in (config.dense3, config.cnn_small):
            how.examples, how.training.epochs = 1000, 1
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
