"""Input clusters: if a network may move its data, do the classes gather?

Claims   little has changed after 500 epochs, clusters of various sizes at 1,000, distinct ones at 2,500; at the end one
         cluster a class, which a simple classifier separates; the loss keeps falling; three features separate in 3,000
         epochs, two in more than 5,000 (004)
Judged   under the document's own conditions: raw inputs in ±1,000, the settings that it leaves open drawn at random;
         beside it the setting that a search found, on seeds that took no part in that search
Margin   3,000 ± 500 epochs: the document plots three features every 1,000 epochs. Set before measuring, as are our
         criteria: most runs (at least half) do what the document's one run did
Expect   clusters-form      0 (0 to 0.01903, n = 192 drawn settings)
         little-at-500      0.9427 (0.9003 to 0.9677, n = 192 drawn settings)
         course-1000        0.2344 (0.18 to 0.2991, n = 192 drawn settings)
         course-2500        0 (0 to 0.01903, n = 192 drawn settings)
         simple-classifier  0.005208 (0.00092 to 0.02891, n = 192 drawn settings)
         loss-falls         0.6875 (0.6188 to 0.7488, n = 192 drawn settings)
         faster-in-3d       -35.16 (-104.5 to 34.19, n = 192 drawn settings)
Run      python -m launch.study --config=configs/input_clusters.py --workdir=results/input_clusters
Presets  --config=configs/input_clusters.py:smoke | :quick | :full
"""

from research.studies.input_clusters.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: 20 seeds of the found setting, 16 drawn settings a scale. full: 64 and 192."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(
            runs=64, controls=16, kinds=12, drawn=16, features=(2, 3, 5, 10, 30), by_features=(64,) * 5
        )
    if preset == "smoke":
        return Config(
            runs=4,
            controls=1,
            kinds=1,
            drawn=2,
            features=(2,),
            by_features=(2,),
            epochs=1000,
            every=500,
            frames=500,
        )
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
