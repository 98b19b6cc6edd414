"""Denoising: how much of what noise costs a recogniser does an autoencoder in front of it bring back?

Claims   89 % of the labels on noisy images, 94 % after cleaning, the errors halved (002)
Expect   noisy-89       0.7813 (0.7459 to 0.8167, n = 5)
         denoised-94    0.9568 (0.9537 to 0.96, n = 5)
         errors-halved  2.547 (2.358 to 2.737, n = 5)
Time     56 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/denoising.py --workdir=results/denoising
Presets  --config=configs/denoising.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.denoising.study import READERS, Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five pairs. full: twenty pairs, autoencoders trained for 10 epochs."""
    if preset == "quick":
        return Config()
    if preset == "full":
        config = Config(include=READERS, pairs=20, images=10_000, curve_images=10_000)
        for how in (config.autoencoder, config.denoiser):
            how.training.epochs = 10
        return config
    if preset == "smoke":
        config = Config(include=("mlp3",), pairs=2, images=500, curve_images=500)
        for how in (config.mlp3, config.autoencoder, config.denoiser):
            shorten(how)
        for how in (config.mlp3, config.autoencoder, config.denoiser):
            how.training.epochs, how.training.batch = 6, 64
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
