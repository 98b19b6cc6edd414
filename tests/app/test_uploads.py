"""Pictures from outside: ink on paper either way round, and nothing that is not a picture."""

import io

import numpy as np
import pytest
from PIL import Image
from reading import on_paper

from research import data
from research.app.photo import PAD
from research.app.uploads import FORMATS, BadPicture, decode

MOST = 1_000_000


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def stroke(paper, ink, size=(140, 70)):
    """A vertical bar left of the middle."""
    picture = Image.new("L", size, paper)
    picture.paste(ink, (40, 10, 50, 60))
    return picture


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255)])
def test_dark_on_bright_and_bright_on_dark_are_the_same_ink(kind, paper, ink):
    pad = decode(encoded(stroke(paper, ink), kind), MOST)
    assert pad.shape == (PAD, PAD)
    bar = pad[42:238, 122:158]  # cropped: 10×50 pixels become 40×200 in the middle
    assert bar.mean() > 200
    assert pad.sum() / 255 == pytest.approx(40 * 200, rel=0.1)


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_pngs_of_every_kind_are_read(mode, ink):
    """Transparent ones too, whatever colour their ink has."""
    expected = decode(encoded(stroke(255, 0)), MOST)
    paper = 255 - ink
    if mode in ("RGBA", "LA"):
        picture = Image.new(mode, (140, 70), (0,) * len(mode))
        picture.paste((*[ink] * (len(mode) - 1), 255), (40, 10, 50, 60))
    elif mode == "I;16":
        picture = Image.fromarray(np.asarray(stroke(paper, ink), np.uint16) * 257)
    else:
        picture = stroke(paper, ink).convert(mode)
    np.testing.assert_allclose(decode(encoded(picture), MOST).astype(int), expected, atol=3)


def test_what_is_no_ink_is_left_out():
    """Half of the sheet is in shade, an edge of the table is in the picture, a pen is thin."""
    light = np.full((140, 280), 240.0)
    light[:, 120:] = 130
    light[:, 270:] = 20
    light[130:, 100:105] = 0
    light[30:110, 60] *= 0.3
    light[30, 60:160] *= 0.3
    pad = decode(encoded(Image.fromarray(light.astype(np.uint8))), MOST)
    rows, columns = np.nonzero(pad > 100)
    assert np.ptp(columns) == pytest.approx(200, abs=8)
    assert np.ptp(rows) == pytest.approx(160, abs=16)
    pen = (pad[:, 200] > 100).sum()
    assert 15 <= pen <= 26  # a line of one pixel would be 2


def test_pictures_of_digits_on_paper_are_read():
    """By the nearest of 3,000 training digits, in all eight kinds of picture."""
    train = data.load("mnist", "train")
    known = train.images[:3000].reshape(3000, -1) / 255.0
    found = []
    for _, digit, content in on_paper(3, every=3):
        pad = decode(content, MOST) / 255.0
        small = pad[40:240, 40:240].reshape(20, 10, 20, 10).mean((1, 3))
        image = np.pad(small, 4)
        rows, columns = (np.average(np.arange(28), weights=image.sum(axis)) for axis in (1, 0))
        image = np.roll(image, (round(13.5 - rows), round(13.5 - columns)), (0, 1)).ravel()
        found.append(train.labels[((known - image) ** 2).sum(1).argmin()] == digit)
    assert np.mean(found) > 0.75


def test_a_picture_without_ink_is_refused():
    with pytest.raises(BadPicture, match="no ink was found"):
        decode(encoded(Image.new("L", (60, 60), 200)), MOST)


def test_transparent_parts_are_paper():
    picture = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (20, 5, 30, 45))
    pad = decode(encoded(picture), MOST)
    assert pad[140, 140] > 250
    assert pad[5, 5] == 0


def test_a_turned_photograph_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: upright, the bar is a horizontal one in the upper half
    pad = decode(encoded(stroke(255, 0), "JPEG", exif=exif, quality=95), MOST)
    rows, columns = np.nonzero(pad > 128)
    assert np.ptp(columns) > 2 * np.ptp(rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a picture; known formats: PNG"),
        (b"hello", "not a picture"),
        (b"%PDF-1.7", "not a picture"),
        (encoded(Image.new("L", (50, 50)), "TIFF"), "not a picture"),
        (encoded(Image.new("L", (1001, 1000))), "has 1001×1000 pixels, at most 1,000,000 are read"),
        (encoded(Image.effect_noise((90, 90), 50))[:-900], "cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(content, says):
    with pytest.raises(BadPicture) as caught:
        decode(content, MOST)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
