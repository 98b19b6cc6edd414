"""Input clusters: if a network may move its data, do the classes gather?

Claims   little has changed after 500 epochs; at the end one cluster a class, which a simple classifier separates;
         the loss keeps falling; three features separate by 3,000 epochs, two need more than 5,000 (004)
Expect   clusters-form            0.9615 (0.8702 to 0.9894, n = 52)
         little-at-500            0.01077 (0.007219 to 0.01431, n = 52)
         simple-classifier        0.9877 (0.9732 to 1, n = 52)
         loss-falls               1 (1 to 1, n = 52)
         faster-in-3d             283.7 (-117 to 684.3, n = 52)
         faster-in-3d-silhouette  -591.3 (-1000 to -182.5, n = 52)
Time     83 s in `paper.py --preset=quick --workdir=results/paper` on 2 cores of Linux x86_64;
         networks that were trained before it asked are not in it
Run      python -m launch.study --config=configs/input_clusters.py --workdir=results/input_clusters
Presets  --config=configs/input_clusters.py:smoke | :quick | :full
"""

from research.studies.input_clusters.study import Config


def get_config(preset: str = "quick") -> Config:
    """smoke: tiny but real. quick: 52 runs of each experiment. full: 512, a fine phase diagram."""
    if preset == "quick":
        return Config()
    if preset == "full":
        return Config(
            runs=512,
            controls=128,
            by_features=(512,) * 5,
            every=100,
            frames=50,
            widths=(4, 12, 48, 192),
            grid=13,
            phase_runs=8,
            phase_epochs=7000,
        )
    if preset == "smoke":
        return Config(
            runs=4,
            controls=2,
            features=(2, 3),
            by_features=(4, 4),
            epochs=1000,
            every=500,
            frames=500,
            widths=(12,),
            grid=2,
            phase_epochs=200,
        )
    raise ValueError(f"unknown preset {preset!r}; known: smoke, quick, full")
