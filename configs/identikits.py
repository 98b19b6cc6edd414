"""Identikits: what would the network be sure is a 7?

Claims   random images stay below 0.6, digits lie above 0.9; in most runs confidence rises to 0.99, for 7 in
         50 % and for 9 in 30 %; one class's identikits resemble each other; 0 and 6 can be recognised (003)
Expect   softmax and 784-100-10 with low-frequency masks: 1,000 of 1,000 runs reach 0.99 each (5 networks, 100
         runs a digit); one CNN in a pilot of 3 runs a digit: 30 of 30 reach 0.9999, median 8-14 generations a digit.
         The claims on the CNN at quick have not been measured yet
Time     softmax 28 s and 784-100-10 22 s for these 1,000 runs, CNN 0.17 s a generation, all on one busy core; the
         whole quick preset has not been timed yet
Run      python -m launch.study --config=configs/identikits.py --workdir=results/identikits
Presets  --config=configs/identikits.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.identikits import ASKINGS, Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: ten runs a digit on the document's network. full: 200, on five of them."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(
            cnns=5, other_cnns=5, restarts=40, other_restarts=40, varied_restarts=40, dense_restarts=40, dense_other_restarts=40,
            generations=200, patience=50, tries=20_000, steps=500, images=10_000,
            asked=ASKINGS, dense_asked=ASKINGS,
        )  # fmt: skip
    if preset == "smoke":
        config = Config(
            digits=(0, 3, 7), cnns=1, dense=1, restarts=2, other_restarts=1, dense_restarts=2,
            dense_other_restarts=1, masks=20, generations=5, patience=3, tries=40, steps=10, images=50,
            asked=("low_frequency", "sparse", "from_other_digit"),
            dense_asked=("low_frequency", "ascent_pixel"),
        )  # fmt: skip
        for how in (config.softmax, config.mlp100, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
