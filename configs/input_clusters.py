"""Input clusters: if a network may move its data, do the classes gather?

Claims   little has changed after 500 epochs; at the end one cluster a class, which a simple classifier separates;
         the loss keeps falling; three features separate by 3,000 epochs, two need more than 5,000 (004)
Expect   of 52 runs 96 % are separated at 7,000 epochs (0.87-0.99); adjusted Rand index 0.01 at 500; a line puts 0.988
         into their classes; the loss falls without exception; 3 features gain 262 epochs by a line (-140 to 664) and
         lose 565 by the silhouette (158 to 972): the document's 2,000 are one lucky pair
Time     200 s on two cores at quick, in one cold `make paper`; networks that an earlier study trained are not in it
Run      python -m launch.study --config=configs/input_clusters.py --workdir=results/input_clusters
Presets  --config=configs/input_clusters.py:smoke | :quick | :full
"""

from research.studies.input_clusters import Config


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
