"""Drawings: which recogniser still reads a wide, slanted, shifted or thick digit?

Claims   a far wider 7, pressed to the edges, fools the dense network and KNN, the CNN holds; its PCA point leaves the
         sevens for the centre (001)
Expect   funky-seven             -0.003405 (-0.01399 to 0.007183, n = 1028)
         funky-seven-dense       0.9514 (0.9364 to 0.9629, n = 1028)
         funky-seven-knn         0.9689 (0.9564 to 0.9779, n = 1028)
         funky-seven-cnn         0.965 (0.9519 to 0.9746, n = 1028)
         funky-seven-pca         0.564 (0.5015 to 0.6265, n = 1028)
         funky-seven-pca-centre  -0.2009 (-0.2369 to -0.165, n = 1028)
Time     35 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/drawings.py --workdir=results/drawings
Presets  --config=configs/drawings.py:smoke | :quick | :full
"""

from research.studies.drawings.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: all test sevens, two networks of a kind. full: all test images, ten networks."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(networks=10, others=10_000)
    if preset == "smoke":
        config = Config(networks=1, sevens=20, others=20, neighbours_among=3000)
        for how in (config.dense3, config.cnn_small):
            how.examples, how.training.epochs = 1000, 1
        return config
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
