"""Pictures from outside: ink on paper either way round, and nothing that is not a picture."""

import io

import numpy as np
import pytest
from PIL import Image

from research.app.uploads import FORMATS, PAD, BadPicture, decode

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
    bar = pad[95:185, 85:95]  # the picture, twice as large, stands 70 below the pad's edge
    assert bar.mean() > 200
    assert pad.sum() / 255 == pytest.approx(20 * 100, rel=0.1)


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
