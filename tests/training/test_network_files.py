"""Files of networks: what was saved comes back, and whatever is damaged counts as missing."""

import json

import numpy as np
import pytest
from safetensors.numpy import save

from research.training import network_files

ARRAYS = {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(3, np.float32)}
SHAPES = {"kernel": (2, 3), "bias": (3,)}
FACTS = {key: [0.5] for key in network_files.FACTS}


def test_what_is_saved_comes_back(tmp_path):
    network_files.save(tmp_path / "0.safetensors", ARRAYS, FACTS)
    leaves, facts = network_files.read(tmp_path / "0.safetensors", SHAPES)
    assert facts == FACTS
    for leaf, array in zip(leaves, ARRAYS.values(), strict=True):
        np.testing.assert_array_equal(leaf, array)
    assert network_files.read(tmp_path / "1.safetensors", SHAPES) is None


def test_every_turned_bit_is_seen_and_said_once(tmp_path, capsys):
    file = tmp_path / "0.safetensors"
    network_files.save(file, ARRAYS, FACTS)
    whole = file.read_bytes()
    for at in range(len(whole)):
        for bit in (0, 7):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
            assert network_files.read(file, SHAPES) is None, at
    assert capsys.readouterr().err == f"{file} is damaged or of an earlier version; trained again\n"


@pytest.mark.parametrize("told", ["null", "[]", "{}", "3"])
def test_a_header_of_the_wrong_shape_counts_as_missing(tmp_path, told):
    header = {"identikit": told, "sha256": network_files._hash(told, ARRAYS)}
    (tmp_path / "0.safetensors").write_bytes(save(ARRAYS, header))
    assert network_files.read(tmp_path / "0.safetensors", SHAPES) is None
    assert json.loads(told) != FACTS
