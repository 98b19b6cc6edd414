"""Other people's digits: folders, .npz and IDX files, as they are or prepared like MNIST."""

import gzip
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from research import data
from research.data.elsewhere import like_mnist

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (3, 28, 28)).astype(np.uint8)


def write_idx(path, array, pack=lambda content: content):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(pack(header + array.astype(np.uint8).tobytes()))


def test_the_same_digits_from_pictures_npz_and_idx_pixel_by_pixel(tmp_path):
    for i, image in enumerate(IMAGES):
        (tmp_path / "pictures" / str(i)).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "pictures" / str(i) / "x.png")
    np.savez(tmp_path / "a.npz", x=IMAGES / 255, y=np.arange(3))
    write_idx(tmp_path / "mine-images-idx3-ubyte", IMAGES)
    write_idx(tmp_path / "mine-labels-idx1-ubyte", np.arange(3))
    for name in ("pictures", "a.npz", "mine-images-idx3-ubyte"):
        found = data.load_folder(tmp_path / name)
        assert_array_equal(found.images, IMAGES, err_msg=name)
        assert_array_equal(found.labels, [0, 1, 2], err_msg=name)
    write_idx(tmp_path / "alone-images-idx3.gz", 255 - IMAGES, gzip.compress)
    alone = data.load_folder(tmp_path / "alone-images-idx3.gz", inverted=True)
    assert_array_equal(alone.images, IMAGES)
    assert_array_equal(alone.labels, [-1] * 3)


def test_mnists_own_digits_keep_their_place_when_they_are_prepared_like_mnist():
    test = data.load("mnist", "test").images[:50]
    assert_array_equal([like_mnist(image) for image in test], test)
    large = np.kron(np.pad(test[0], 30), np.ones((3, 3), np.uint8))
    assert np.abs(like_mnist(large).astype(float) - test[0]).mean() < 12
    assert_array_equal(like_mnist(np.zeros((9, 9), np.uint8)), np.zeros((28, 28)))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: None, "there is nothing at"),
        (lambda p: p.mkdir(), "found no images"),
        (lambda p: p.write_bytes(b"theirs"), "expected the magic number"),
    ],
)
def test_what_holds_no_images_is_one_line(write, message, tmp_path):
    write(tmp_path / "theirs")
    with pytest.raises(data.DataError, match=message) as refusal:
        data.load_folder(tmp_path / "theirs")
    assert "\n" not in str(refusal.value)
