"""Identikits: what would the network be sure is a 7?

Claims   random images stay below 0.6, digits lie above 0.9; in most runs confidence rises to 0.99, for 7 in
         50 % and for 9 in 30 %; one class's identikits resemble each other; 0 and 6 can be recognised (003)
Expect   at quick: CNN, low-frequency masks: 100 of 100 runs reach 0.99 (at least 0.963), 7 and 9 in 10 of 10 each;
         uniform noise above 0.6: 0.79 of 2,000 images; digits above 0.9: 0.955 of 2,000; similarity within less
         between classes 0.31 (0.24-0.38, n = 10 digits); other kinds' confidence in 0 and 6: 0.48 (0.29-0.66)
Time     403 s on two cores at quick, in one cold `make paper`; networks that an earlier study trained are not in it
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
            include=("softmax", "cnn"), digits=(0, 3, 7), cnns=1, dense=1, restarts=2, other_restarts=1, dense_restarts=2,
            dense_other_restarts=1, masks=20, generations=5, patience=3, tries=40, steps=10, images=50,
            asked=("low_frequency", "sparse"),
            dense_asked=("low_frequency", "ascent_pixel"),
        )  # fmt: skip
        for how in (config.softmax, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
