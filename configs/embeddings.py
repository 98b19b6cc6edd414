"""Embeddings: how well do two numbers a digit keep classes and neighbourhoods apart?

Claims   the labels are very well separated by t-SNE (002)
Expect   tsne-separates  0.943 (0.9362 to 0.9491, n = 5000)
Time     44 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/embeddings.py --workdir=results/embeddings
Presets  --config=configs/embeddings.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.embeddings.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: maps of 5,000 digits. full: of 9,000."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(mapped=9_000)
    if preset == "smoke":
        config = Config(mapped=300, held_out=100, iterations=50)
        for how in (config.bottleneck, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
