"""A picture from outside, as a drawing: white ink on black, 280×280."""

import io
import warnings

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from research.app import photo

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


class BadPicture(ValueError):
    """Not a picture that can be drawn; the text says why, in one line."""


def decode(content: bytes, most_pixels: int) -> UInt8[np.ndarray, "280 280"]:
    """The picture's ink (`photo.ink`), turned upright as its EXIF says. Its size is read before its pixels are.

    Raises: BadPicture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own hints about damaged files
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > most_pixels:
                    raise BadPicture(
                        f"the picture has {width}×{height} pixels, at most {most_pixels:,} are read"
                    )
                picture.draft("L", (2 * photo.SIDE, 2 * photo.SIDE))
                upright = ImageOps.exif_transpose(picture)
                return photo.ink(_grey(upright))
    except UnidentifiedImageError:
        raise BadPicture(f"not a picture; known formats: {', '.join(FORMATS)}") from None
    except BadPicture:
        raise
    except photo.NoInk as error:
        raise BadPicture(str(error)) from None
    except Exception as error:  # whatever a decoder makes of damaged bytes is the picture's fault
        raise BadPicture(f"the picture cannot be decoded: {type(error).__name__}") from None


def _grey(picture: Image.Image) -> Float[np.ndarray, "rows columns"]:
    """Brightness from 0 to 1. Transparent parts become paper: black under bright ink, white under dark."""
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel, or more
        values = np.asarray(picture, np.float64)
        return np.clip(values / (65535 if values.max() > 255 else 255), 0, 1)
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        grey, alpha = (
            np.asarray(band, np.float64) / 255 for band in (coloured.convert("L"), coloured.getchannel("A"))
        )
        paper = 1.0 if (grey * alpha).sum() <= 0.5 * alpha.sum() else 0.0
        return grey * alpha + paper * (1 - alpha)
    return np.asarray(picture.convert("L"), np.float64) / 255
