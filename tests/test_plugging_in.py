"""Models, losses and noises of one's own from the command line, without a change to the code here."""

import dataclasses
import os
import sys

import jax
import pytest

from research.data import noise
from research.runs import numerics
from research.studies import by_path
from research.studies.recognisers.study import Config
from research.sweep import grid
from research.training import populations
from research.training.recipes import recipe

MINE = '''
"""A model, a settled one, and a noise."""
import dataclasses
from research.data.noise import NOISES
from research.models.mlp import MLPConfig

@dataclasses.dataclass
class Wide(MLPConfig):
    widths: tuple = (7,)

@dataclasses.dataclass
class Bare:
    units: int = 3

narrow = Wide(widths=(3,))
number = 5
NOISES["nothing"] = lambda key, image, strength: image
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "my_own_things.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "my_own_things.py"
    os.environ.pop(numerics.PLUGINS, None)
    noise.NOISES.pop("nothing", None)
    sys.modules.pop("my_own_things", None)


def parsed(*arguments):
    rest, settings = by_path.split(["study", "--config.seed=3", *arguments])
    assert rest == ["study", "--config.seed=3"]
    return by_path.with_settings(Config(), settings)


def test_a_part_of_a_config_by_its_dotted_path(mine):
    config = parsed(
        "--config.mlp100.model.init=glorot",  # of the new part, wherever it stands
        "--config.mlp100.model=my_own_things:Wide",
        "--config.mlp100.model.dropout=0.5",
        "--config.softmax.model=my_own_things:narrow",
    )
    assert config.mlp100.model.widths == (7,)
    assert (config.mlp100.model.init, config.mlp100.model.dropout) == ("glorot", 0.5)
    assert config.softmax.model.widths == (3,)
    assert config.mlp100.model.label == "784-7-10"
    assert config.mlp3.model == recipe("mlp3").model


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--config.mlp100.model=my_own_things:Broad", "my_own_things:Broad cannot be imported from here"),
        ("--config.mlp100.model=no_such_module:Wide", "no_such_module:Wide cannot be imported from here"),
        ("--config.mlp100.model=my_own_things:number", "must be a config .*, got 5"),
        ("--config.mlp100.modle=my_own_things:Wide", "has no part mlp100.modle, to be my_own_things:Wide; known: model, training"),
        ("--config.small=my_own_things:Wide", "has no part small, to be my_own_things:Wide; known: softmax, mlp100"),
        ("--config.mlp100.model=my_own_things:Bare", "must have build and label as MLPConfig has, to be mlp100.model"),
        ("--config.mlp100.model=my_own_things:Wide --config.mlp100.model.width=3", "has no field mlp100.model.width, to be 3; known: widths, activation"),
        ("--config.no.model=my_own_things:Wide", "has no part no.model, to be my_own_things:Wide; known: softmax, mlp100"),
    ],
)  # fmt: skip
def test_what_cannot_stand_there_is_one_line(mine, argument, says):
    with pytest.raises(ValueError, match=says):
        parsed(*argument.split())


def test_a_grid_takes_models_too(mine):
    grid_of = "mlp100.model=my_own_things:Wide,my_own_things:narrow;mlp100.model.dropout=0.5"
    configs = [
        grid.config("configs/recognisers.py:smoke", point) for point in grid.points(grid.parse(grid_of))
    ]
    assert [config.mlp100.model.widths for config in configs] == [(7,), (3,)]
    assert [config.mlp100.model.dropout for config in configs] == [0.5, 0.5]


def test_a_plugin_adds_names_and_its_code_is_part_of_every_key(mine):
    how = recipe("softmax")
    before = numerics.numerics(), populations.folder(how)
    numerics.plug_in(["my_own_things"])
    with_it = numerics.numerics(), populations.folder(how)
    assert with_it[0] != before[0]
    assert with_it[1] != before[1]
    trained = dataclasses.replace(how.training, noise="nothing", noise_strength=1.0)
    populations.folder(dataclasses.replace(how, training=trained))  # the name is known
    mine.write_text(MINE + "number = 6\n")
    assert numerics.numerics() != with_it[0]
    numerics.plug_in([])
    assert numerics.numerics() == before[0]
    with pytest.raises(ValueError, match="the plugin no_such_module cannot be imported from here"):
        numerics.plug_in(["no_such_module"])


def test_precision_is_part_of_every_key():
    before = populations.folder(recipe("softmax"))
    with jax.default_matmul_precision("bfloat16"):
        assert populations.folder(recipe("softmax")) != before
