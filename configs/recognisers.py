"""Recognisers: do small networks read the digits as well as the five documents say?

Claims   softmax 92 %, 784-100-10 97.5 %, 784-500-200-50-10 98 % (002); error of 784-200-10 1.92 % (000);
         CNN about 99 % (003); every network better than softmax regression (002)
Expect   softmax-accuracy      0.9259 (0.9256 to 0.9261, n = 5)
         mlp100-accuracy       0.9788 (0.9782 to 0.9793, n = 5)
         mlp3-accuracy         0.9825 (0.9812 to 0.9837, n = 5)
         cnn-accuracy          0.9905 (0.9899 to 0.991, n = 3)
         sigmoid200-error      0.0163 (0.01541 to 0.01719, n = 5)
         better-than-logistic  0.0529 (0.05239 to 0.05341, n = 5)
Time     89 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/recognisers.py --workdir=results/recognisers
Presets  --config=configs/recognisers.py:smoke | :quick | :full
"""

from research.studies.recognisers.study import Config
from research.training.train import NetworkConfig


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
