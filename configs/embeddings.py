"""Embeddings: how well do two numbers a digit keep classes and neighbourhoods apart?

Claims   the labels are very well separated by t-SNE (002; no number there: our criterion is that the 5 nearest in
         the map name at least 92 % of the digits, what the document's logistic regression reads from all pixels)
Expect   tsne-separates  0.945 (0.9437 to 0.9463, n = 30 seeds of the whole experiment)
Run      python -m launch.study --config=configs/embeddings.py --workdir=results/embeddings
Presets  --config=configs/embeddings.py:smoke | :quick | :full
"""

from configs.recognisers import shorten
from research.studies.embeddings.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: five repetitions with 3,000 digits. full: thirty, ten of them with networks of their own."""
    if preset == "quick":
        return Config(mapped=3000)
    if preset == "full":
        return Config(experiments=30, networks=10)
    if preset == "smoke":
        config = Config(experiments=2, networks=1, mapped=300, held_out=100, iterations=50)
        for how in (config.bottleneck, config.cnn):
            shorten(how)
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
