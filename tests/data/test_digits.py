"""Loading: the right arrays, fast once prepared, and never anything but what was published."""

import logging
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from research.data import DataError, Digits, digits, idx, load, rows, sources

# What another process runs: it knows the tiny dataset in argv[1] and may pause where argv[2] says.
CHILD = """
import hashlib, os, pathlib, sys, time
from research.data import load, sources
folder = pathlib.Path(sys.argv[1])
files = [folder / name for pair in sources.IDX_FILES.values() for name in pair]
sources.SOURCES["tiny"] = sources.Source("tiny", tuple(
    sources.SourceFile(f.name, "http://127.0.0.1:9/" + f.name, f.stat().st_size,
                       hashlib.sha256(f.read_bytes()).hexdigest()) for f in files), bundled=folder)
if sys.argv[2] == "examples":
    from research.data import builder
    def pause(self, images, labels):
        yield 0, {"image": __import__("numpy").zeros((28, 28), "uint8"), "label": 0}
        os.write(1, b"here\\n")
        time.sleep(60)
    builder.IdxDigits._generate_examples = pause
if sys.argv[2] == "hashes":
    def pause(*_, **__):
        os.write(1, b"here\\n")
        time.sleep(60)
    import json
    json.dumps = pause
print(int(load("tiny").images.sum()))
"""


def start(folder, pause="never"):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), pause],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def prepared(cache):
    """The one prepared folder; nothing half-finished may lie beside it."""
    (folder,) = (path for path in (cache / "data").iterdir() if path.is_dir())
    return folder


def assert_published(tiny_arrays):
    for split, (images, labels) in tiny_arrays.items():
        loaded = load("tiny", split)
        np.testing.assert_array_equal(loaded.images, images)
        np.testing.assert_array_equal(loaded.labels, labels)


def test_mnist_is_mnist():
    train, test = load(), load("mnist", "test")
    for loaded, n in ((train, 60_000), (test, 10_000)):
        assert loaded.images.shape == (n, 28, 28)
        assert loaded.images.dtype == np.uint8
        assert loaded.labels.dtype == np.int32
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == counts
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    grey = train.images / np.float32(255)
    assert grey.mean() == pytest.approx(0.1307, abs=1e-4)
    assert grey.std() == pytest.approx(0.3081, abs=1e-4)
    ones = train.images[train.labels == 1] > 0  # upright: a one covers more rows than columns
    assert ones.any(axis=2).sum() > 2 * ones.any(axis=1).sum()


def test_what_is_loaded_is_what_the_bundled_files_say():
    folder = sources.find("mnist").folder
    for split, (images, labels) in sources.IDX_FILES.items():
        loaded = load("mnist", split)
        np.testing.assert_array_equal(loaded.images, idx.read(folder / images))
        np.testing.assert_array_equal(loaded.labels, idx.read(folder / labels))


def test_loading_is_fast_once_prepared():
    load()
    began = time.perf_counter()
    load()
    load(split="test")
    assert time.perf_counter() - began < 1


def test_importing_and_loading_prepared_data_needs_neither_tfds_nor_jax():
    load()
    code = (
        "import sys; from research.data import load; load(); "
        "print(*{'jax', 'tensorflow', 'tensorflow_datasets'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
    assert loaded.stderr == ""


def test_preparation_is_silent_but_for_one_line_and_done_once(tiny, tiny_arrays, capfd, caplog):
    with caplog.at_level(logging.INFO, logger="absl"):
        assert_published(tiny_arrays)
    assert not caplog.records
    said = capfd.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"Preparing tiny \.\.\. \d+ s, once\n", said.err)
    assert isinstance(load("tiny"), Digits)
    assert capfd.readouterr().err == ""


def test_tfds_itself_can_read_what_was_prepared(tiny, empty_cache, tiny_arrays):
    load("tiny")
    with digits._quiet():
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(prepared(empty_cache) / "idx_digits" / "1.0.0")
        records = builder.as_data_source("test")
    images, labels = tiny_arrays["test"]
    assert len(records) == len(images)
    np.testing.assert_array_equal(records[7]["image"], images[7])
    assert records[7]["label"] == labels[7]


def test_tfds_refuses_other_bytes_by_itself(tiny, tmp_path):
    path = tiny.folder / tiny.files[0].name
    path.write_bytes(path.read_bytes() + b"\0")
    with digits._quiet():
        from research.data.builder import build

        with pytest.raises(Exception, match="wrong checksum"):
            build(tiny, tmp_path / "elsewhere")


def test_an_unknown_split_lists_the_known_ones():
    with pytest.raises(DataError, match="unknown split 'validation'; known: train, test"):
        load("mnist", "validation")


def test_a_damaged_source_prepares_nothing_and_is_forgotten_once_repaired(tiny, empty_cache, tiny_arrays):
    path = tiny.folder / tiny.files[0].name
    published = path.read_bytes()
    path.write_bytes(published[:-1])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is not the published file"):
        load("tiny")
    assert not [path for path in (empty_cache / "data").iterdir() if path.is_dir()]
    path.write_bytes(published)
    assert_published(tiny_arrays)


def test_files_that_do_not_belong_together_are_refused(tiny_folder, empty_cache, publish):
    labels, other = (tiny_folder / sources.IDX_FILES[split][1] for split in ("train", "test"))
    labels.write_bytes(other.read_bytes())
    publish()
    with pytest.raises(DataError, match=r"expected images \[n, 28, 28\] with n labels 0-9, found"):
        load("tiny")


@pytest.mark.parametrize("damage", ["truncate", "alter", "delete", "forget", "garble"])
def test_damaged_prepared_data_is_prepared_again(damage, tiny, empty_cache, tiny_arrays):
    load("tiny")
    folder = prepared(empty_cache)
    array, hashes = folder / "train_images.npy", folder / "sha256.json"
    content = array.read_bytes()
    match damage:
        case "truncate":
            array.write_bytes(content[: len(content) // 2])
        case "alter":
            array.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "delete":
            array.unlink()
        case "forget":
            hashes.unlink()
        case "garble":
            hashes.write_text("[]")
    assert_published(tiny_arrays)
    assert prepared(empty_cache) == folder


@pytest.mark.parametrize("where", ["examples", "hashes"])
def test_a_preparation_that_is_killed_leaves_nothing_that_a_later_one_trusts(
    where, tiny, empty_cache, tiny_arrays
):
    child = start(tiny.folder, where)
    assert child.stdout.readline() == "here\n", child.stderr.read()
    assert any(path.name.endswith(".part") for path in (empty_cache / "data").iterdir())
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert_published(tiny_arrays)
    prepared(empty_cache)


def test_two_processes_at_once_prepare_it_once(tiny, empty_cache, tiny_arrays):
    children = [start(tiny.folder) for _ in range(2)]
    outputs = [child.communicate(timeout=60) for child in children]
    total = int(tiny_arrays["train"][0].sum())
    assert [int(out) for out, _ in outputs] == [total, total]
    assert sum("Preparing" in said for _, said in outputs) == 1
    assert_published(tiny_arrays)


def test_a_cache_that_cannot_be_written_is_named(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("IDENTIKIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="^cannot prepare tiny in .*file.*; .*set IDENTIKIT_CACHE"):
        load("tiny")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_named(tiny, empty_cache):
    empty_cache.mkdir(mode=0o500)
    with pytest.raises(DataError, match="Permission denied.*IDENTIKIT_CACHE"):
        load("tiny")


def test_rows_are_images_between_0_and_1_with_nothing_rounded_twice():
    images = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    made = rows(images)
    assert made.dtype == np.float32
    assert (made == np.arange(256).reshape(4, 64).astype(np.float32) / 255).all()
