"""Recognisers: do small networks read the digits as well as the five documents say?

Claims   accuracy of softmax regression 92 % (margin ± 1 point), 784-100-10 97.5 % (± 0.5), 784-500-200-50-10 98 %
         (± 0.5), the CNN 99 % (± 0.5), error of 784-200-10 1.92 % (± 0.2): set before measuring;
         every network better than softmax regression, three hidden layers better than one, deep training at least
         twice as long, another implementation within 0.5 points (002)
Expect   softmax-accuracy       0.9259 (0.9257 to 0.926, n = 30 networks)
         mlp100-accuracy        0.9785 (0.9782 to 0.9788, n = 30 networks)
         mlp3-accuracy          0.9821 (0.9818 to 0.9823, n = 30 networks)
         cnn-accuracy           0.9905 (0.9901 to 0.9909, n = 20 networks)
         sigmoid200-error       0.01644 (0.01617 to 0.01672, n = 30 networks)
         better-than-logistic   0.05262 (0.0523 to 0.05294, n = 30 networks of the smaller group)
         three-layers-beat-one  0.003603 (0.003229 to 0.003978, n = 30 networks of each kind)
         deep-takes-longer      8.146 (7.562 to 8.885, n = 5 networks of each kind, trained alone)
         reimplementation-same  0.003117 (0.002483 to 0.00375, n = 10 networks of the smaller group)
Run      python -m launch.study --config=configs/recognisers.py --workdir=results/recognisers
Presets  --config=configs/recognisers.py:smoke | :quick | :full
"""

from research.studies.recognisers.study import Config
from research.training.train import NetworkConfig


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks of each kind; those of document 001, on which no claim rests here, are
    trained on a third of the digits. full: thirty small ones, twenty CNNs.
    """
    if preset == "quick":
        config = Config()
        on_a_third(config.dense3, config.cnn_small)
        return config
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


def on_a_third(*networks: NetworkConfig) -> None:
    """A third of the data: 20,000 digits."""
    for how in networks:
        how.examples = 20_000


def shorten(how: NetworkConfig) -> None:
    """A twentieth of the data, one epoch."""
    how.examples, how.training.epochs = 3000, 1
