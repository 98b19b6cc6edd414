"""Denoising: how much of what noise costs a recogniser does an autoencoder in front of it bring back?

Claims   89 % of the labels on noisy images (margin ± 1 point, set before measuring), 94 % after cleaning (± 1 point),
         the errors divided by 2 (± 0.5), an autoencoder that reproduces its input (002)
Expect   noisy-89                0.7821 (0.7701 to 0.7936, n = 20 pairs of networks)
         denoised-94             0.9373 (0.9348 to 0.9397, n = 20 pairs of networks)
         errors-halved           3.477 (3.29 to 3.669, n = 20 pairs of networks)
         autoencoder-reproduces  0.8343 (0.83 to 0.8385, n = 20 pairs of networks)
Run      python -m launch.study --config=configs/denoising.py --workdir=results/denoising
Presets  --config=configs/denoising.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.denoising.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five pairs. full: twenty pairs of three kinds of recogniser, all test images."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(include=("softmax", "mlp3", "cnn"), pairs=20, images=10_000)
    if preset == "smoke":
        config = Config(include=("mlp3",), pairs=2, images=500, curve_images=500)
        for how in (config.mlp3, config.autoencoder, config.denoiser):
            shorten(how)
            how.training.epochs, how.training.batch = 6, 64
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
