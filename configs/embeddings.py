"""Embeddings: how well do two numbers a digit keep classes and neighbourhoods apart?

Claims   the labels are very well separated by t-SNE (002)
Expect   5-NN accuracy of the t-SNE 93.6 % (92.9-94.3, n = 5,000 digits), KL 1.466; two principal components 43.2 %, two
         neurons 96.4 %, t-SNE of the CNN 98.4 %; silhouettes 0.02, 0.35, 0.40, 0.59
Time     100 s on two cores at quick, in one cold `make paper`; networks that an earlier study trained are not in it
Run      python -m launch.study --config=configs/embeddings.py --workdir=results/embeddings
Presets  --config=configs/embeddings.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.embeddings import Config


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
