"""Identikits: which images does a network take for a 7?

Claims   random images stay below 0.6; digits lie above 0.9, often close to 1; in most runs confidence rises to 0.99;
         7 and 9 are the hardest, 7 arrives in 50 % and 9 in 30 %; runs get stuck; identikits of a class resemble each
         other; 0 and 6 are seen, 1 and 9 are a mess, 3 looks like an F and 4 like a u (003)
Judged   Everything below was set before the networks were measured.
         - Network: the document's CNN. A network is the unit; its digits and restarts are averaged first.
         - Masks of the rows on convergence (0.99, 7 and 9, stuck): every pixel moves by N(0, 0.1²), nothing is clipped.
           The document says that "pixels were randomly perturbed" and that masks are added, and nothing of clipping.
         - Masks of the rows on pictures (similar within a class, 0 and 6, 1 and 9, F and u): low-frequency, clipped.
           The document shows shapes; independent pixels give static in which nothing is seen (our pilot).
         - Random images: the document's own, the first candidates of its search (blank plus one mask). "Rarely exceed
           0.6": the 90 % quantile of the largest output is at most 0.6. "Typically greater than 0.9": its median over
           test digits is at least 0.9. "Often very close to 1": at least half of the digits are above 0.99.
         - "50 %" and "30 %": ± 10 points, the rounding of numbers that stand for a few runs; neutral is 100 %, as easy
           as can be. "Most": at least half of the runs. "Sometimes got stuck": at least one run in a hundred.
         - "The most difficult": the mean rank of 7 and 9 by success among the ten digits is at most 2.5; it is 1.5 if
           they are always the two hardest, 5.5 if they are like the others.
         - "Easily see": networks of other kinds name at least half of them right; chance is one in ten.
Expect   random-below-0.6        0.1822 (0.1703 to 0.1948, n = 20 networks)
         digits-above-0.9        0.9999 (0.9998 to 0.9999, n = 20 networks)
         digits-close-to-1       0.8752 (0.8567 to 0.8917, n = 20 networks)
         identikit-reaches-0.99  0.9375 (0.882 to 0.9678, n = 20 networks)
         seven-nine-hardest      5.825 (5.62 to 6.029, n = 20 networks)
         seven-half              1 (0.8316 to 1, n = 20 networks)
         nine-third              1 (0.8316 to 1, n = 20 networks)
         local-minima            0.0625 (0.03216 to 0.118, n = 20 networks)
         within-class-similar    0.3425 (0.3255 to 0.3595, n = 20 networks)
         zero-six-visible        0.5029 (0.4386 to 0.5671, n = 20 networks)
         three-like-f            –
         four-like-u             –
         one-nine-mess           -0.2604 (-0.3498 to -0.1663, n = 20 networks)
Run      python -m launch.study --config=configs/identikits.py --workdir=results/identikits
Presets  --config=configs/identikits.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.identikits.study import Config, asked

# (networks, restarts of each digit) in the preset full
CNN = {
    "low_frequency": (20, 3),
    "gauss_0.1": (20, 2),
    "gauss_0.1_clipped": (5, 1),
    "gauss_0.3": (5, 1),
    "uniform_0.2": (5, 1),
    "sparse": (5, 1),
    "patch": (5, 1),
    "single_pixel": (5, 1),
    "from_uniform_noise": (5, 1),
    "from_other_digit": (5, 1),
    "ascent_pixel": (5, 1),
    "ascent_frequency": (5, 1),
}
DENSE = {
    "low_frequency": (30, 2),
    "gauss_0.1": (30, 1),
    "from_uniform_noise": (5, 1),
    "from_other_digit": (5, 1),
    "ascent_pixel": (5, 2),
    "untrained": (5, 1),
}


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five networks for the primary claims. full: 20 CNNs, 30 of each dense kind."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(asked=asked(DENSE, CNN), generations=60, tries=3000)
    if preset == "smoke":
        few = {"low_frequency": (1, 2), "gauss_0.1": (1, 1)}
        config = Config(
            asked={"softmax": few | {"ascent_pixel": (1, 1)}, "cnn": few | {"sparse": (1, 1)}},
            digits=(0, 3, 7), masks=20, generations=5, patience=3, steps=10, images=50,
        )  # fmt: skip
        for how in (config.softmax, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
