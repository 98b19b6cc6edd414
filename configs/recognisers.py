"""Recognisers: do small networks read the digits as well as the five documents say?

Claims   accuracy of softmax regression 92 % (margin ± 1 point), 784-100-10 97.5 % (± 0.5), 784-500-200-50-10 98 %
         (± 0.5), the CNN 99 % (± 0.5), error of 784-200-10 1.92 % (± 0.2): set before measuring;
         every network better than softmax regression, three hidden layers better than one, deep training at least
         twice as long, another implementation within 0.5 points (002)
Expect   softmax-accuracy       0.9259 (0.9256 to 0.9261, n = 5 networks)
         mlp100-accuracy        0.9788 (0.9782 to 0.9793, n = 5 networks)
         mlp3-accuracy          0.9825 (0.9812 to 0.9837, n = 5 networks)
         cnn-accuracy           0.9903 (0.9897 to 0.9909, n = 5 networks)
         sigmoid200-error       0.0163 (0.01544 to 0.01721, n = 5 networks)
         better-than-logistic   0.0529 (0.05239 to 0.05341, n = 5 networks of the smaller group)
         three-layers-beat-one  0.00372 (0.002485 to 0.004955, n = 5 networks of each kind)
         deep-takes-longer      7.851 (7.347 to 8.313, n = 5 networks of each kind, trained alone)
         reimplementation-same  0.00388 (0.002763 to 0.004997, n = 5 networks of the smaller group)
Run      python -m launch.study --config=configs/recognisers.py --workdir=results/recognisers
Presets  --config=configs/recognisers.py:smoke | :quick | :full
"""

from research.studies.recognisers.study import Config
from research.training.train import NetworkConfig


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks of each kind. full: thirty small ones, twenty CNNs."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(small=30, large=5, cnns=20, timed=5, reimplemented=10)
    if preset == "smoke":
        config = Config(
            include=("softmax", "mlp100", "mlp3", "cnn", "knn"), small=2, large=1, cnns=1, timed=1,
            reimplemented=1, neighbours_among=6000,
        )  # fmt: skip
        for how in (config.softmax, config.mlp100, config.mlp3, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")


def shorten(how: NetworkConfig) -> None:
    """A twentieth of the data, one epoch."""
    how.examples, how.training.epochs = 3000, 1
