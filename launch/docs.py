"""Write the API page from the docstrings: python -m launch.docs --out=results/docs  (needs pdoc: pip install -e '.[docs]')"""

import importlib
import warnings
from pathlib import Path

from absl import flags

from launch import cli

OUT = flags.DEFINE_string("out", "results/docs", "Folder to write; begin at its index.html.")
ROOMS = (
    "attribution", "callables", "data", "embedding", "evidence", "fields", "identikits", "importing", "joint_descent",
    "models", "runtime", "training",
)  # fmt: skip


def main() -> int:
    try:
        import pdoc
    except ImportError:
        return cli.fail("the API page is made by pdoc, which is not installed: make docs")
    from research.runs import folders

    for room in ROOMS:
        module = importlib.import_module(f"research.{room}")
        held: dict = {}
        exec(f"from research.{room} import *", held)  # public names are imported when they are asked for
        for name in getattr(module, "__all__", ()):
            setattr(module, name, held[name])
    # pdoc cannot evaluate some of jaxtyping's annotations and shows them as they stand
    warnings.filterwarnings("ignore", "Error parsing type annotation")
    pdoc.render.configure(docformat="google")
    with folders.claimed(Path(OUT.value), "the API page", force=None):
        pdoc.pdoc(*(f"research.{room}" for room in ROOMS), output_directory=Path(OUT.value))
    cli.say(f"{OUT.value}/index.html")
    return 0


if __name__ == "__main__":
    cli.start(main)
