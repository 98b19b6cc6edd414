"""Identikits: what would the network be sure is a 7?

Claims   random images stay below 0.6, digits lie above 0.9; in most runs confidence rises to 0.99, for 7 in
         50 % and for 9 in 30 %; one class's identikits resemble each other; 0 and 6 can be recognised (003)
Expect   random-below-0.6          0.677 (0 to 1, n = 2)
         digits-above-0.9          0.957 (0.9189 to 0.9951, n = 2)
         identikit-reaches-0.99    1 (0.963 to 1, n = 100)
         identikit-reaches-0.99-0  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-1  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-2  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-3  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-4  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-5  1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-6  1 (0.7225 to 1, n = 10)
         seven-half                1 (0.7225 to 1, n = 10)
         identikit-reaches-0.99-8  1 (0.7225 to 1, n = 10)
         nine-third                1 (0.7225 to 1, n = 10)
         within-class-similar      0.3366 (0.2849 to 0.3882, n = 10)
         local-minima              0.0871 (0.06055 to 0.1238, n = 310)
         zero-six-visible          0.46 (0.2906 to 0.6294, n = 20)
         zero-six-like-the-mean    0.06872 (-0.03177 to 0.1692, n = 20)
Time     211 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/identikits.py --workdir=results/identikits
Presets  --config=configs/identikits.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.identikits.study import CONDITIONS, Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: ten runs a digit on the document's network. full: 200, on five of them."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(
            cnns=5, other_cnns=5, restarts=40, other_restarts=40, varied_restarts=40, dense_restarts=40, dense_other_restarts=40,
            generations=200, patience=50, tries=20_000, steps=500, images=10_000,
            conditions=CONDITIONS, dense_conditions=CONDITIONS,
        )  # fmt: skip
    if preset == "smoke":
        config = Config(
            include=("softmax", "cnn"), digits=(0, 3, 7), cnns=1, dense=1, restarts=2, other_restarts=1, dense_restarts=2,
            dense_other_restarts=1, masks=20, generations=5, patience=3, tries=40, steps=10, images=50,
            conditions=("low_frequency", "sparse"),
            dense_conditions=("low_frequency", "ascent_pixel"),
        )  # fmt: skip
        for how in (config.softmax, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
