"""Two tiny studies to write papers with, and how the tests do it."""

from concurrent.futures import Executor, Future

from research.paper import pipeline
from research.plotting import style

PARTS = {
    "__init__": "",
    "about": """
CHAPTER = 1
TITLE, QUESTION = "{title}", "Is <b> larger & than a?"
METHOD, DIFFERENCES = "One. Two. Three.", ("We count 5 %.",)
""",
    "study": """
import dataclasses
import os
import signal
import numpy as np
import xarray as xr

RUNS = []

@dataclasses.dataclass
class Config:
    seed: int = 0
    data: str = "mnist"
    fails: str = ""
    def validate(self):
        pass

def run(config, run):
    RUNS.append(config.seed)
    if config.fails == "stop":
        raise KeyboardInterrupt
    if config.fails == "told":
        os.kill(os.getpid(), signal.SIGTERM)
    elif config.fails:
        raise TypeError(config.fails)
    x = np.random.default_rng(config.seed).normal(3, 1, 20)
    return xr.Dataset({{"x": ("i", x), "image": (("i", "y", "x"), np.outer(x, x)[:, :4].reshape(20, 2, 2))}})
""",
    "claims": """
from research import evidence as e

def claims(results):
    words = "{title} is < 3 & more than 5 %"
    return [e.judge("{name}-mean", "002_x.txt", words, e.Near(3.0, 1.0), e.mean(results.x), "numbers", words="near 3"),
            e.judge("{name}-2", "003_x.txt", words, e.Above(0.05, stated=True), None, "networks", not_run="<left> out"),
            e.judge("{name}-aside", "003_x.txt", words, e.Above(9), e.mean(results.x), "numbers", primary=False)]
""",
    "findings": """
from research import evidence as e
from research.evidence.findings import Number, finding

def findings(results):
    return [finding("{name}-found", "{title} & Co. are {{x:full}}.", x=Number.of(e.mean(results.x), "numbers"))]
""",
    "figures": '''
import matplotlib.pyplot as plt
import numpy as np
from research.plotting.style import DOUBLE, Drawing

def points(results, width=DOUBLE):
    """The numbers in their order."""
    figure, ax = plt.subplots(figsize=(width, 2))
    ax.plot(results.x)
    ax.set_ylabel("number")
    return figure

def even(results, width=DOUBLE):
    """Drawn for even seeds only."""
    return points(results, width) if results.x[0] > 3.1 else None

def wide(results, width=DOUBLE):
    """Too full for one column."""
    figure, ax = plt.subplots(figsize=(width, 2))
    ax.barh(range(4), 1)
    ax.set_xticks(np.linspace(0, 1, 12), [f"number {{i}}" for i in range(12)], fontsize=6)
    return figure

def moving(results):
    """Two frames."""
    return [np.full((8, 8, 3), v, np.uint8) for v in (0, 255)], 2

FIGURES = {{"points": Drawing(points, "Numbers ≥ 0, in %.", finding="{name}-found"), "even": Drawing(even, "Seldom."),
           "wide": Drawing(wide, "As `wide` as the page.")}}
ANIMATIONS = {{"moving": Drawing(moving, "Moving.")}}
''',
}


class AtOnce(Executor):
    """Does what it is given before it goes on."""

    def submit(self, work, *arguments):
        done = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


ROWS = ("mean", "2", "aside")


def write_paper(configs, folder, **how):
    return pipeline.conduct_all(configs, folder, widths=how.pop("widths", (style.DOUBLE,)), **how)


def configs(two, **fields):
    return {module.__name__.split(".")[0]: module.Config(**fields) for module in two}


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (".lock", "drawn.json")
    }
