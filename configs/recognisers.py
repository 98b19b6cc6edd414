"""Recognisers: do small networks read the digits as well as the five documents say?

Claims   softmax 92 %, 784-100-10 97.5 %, 784-500-200-50-10 98 % (002); error of 784-200-10 1.92 % (000);
         CNN about 99 % (003); every network better than softmax regression (002)
Run      python -m launch.study --config=configs/recognisers.py --workdir=results/recognisers
Presets  --config=configs/recognisers.py:smoke | :quick | :full
"""

from research.networks import NetworkConfig
from research.studies.recognisers import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: the documents' accuracies on two CPU cores. full: many seeds."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(small=100, large=20, cnns=20)
    if preset == "smoke":
        config = Config(
            include=("softmax", "mlp100", "cnn", "knn"), small=2, large=1, cnns=1, neighbours_among=6000
        )  # fmt: skip
        for how in (config.softmax, config.mlp100, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")


def shorten(how: NetworkConfig) -> None:
    """A twentieth of the data, one epoch."""
    how.examples, how.training.epochs = 3000, 1
