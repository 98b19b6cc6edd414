"""A picture from outside, as a drawing: white ink on black, 280×280."""

import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

PAD = 280
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


class BadPicture(ValueError):
    """Not a picture that can be drawn; the text says why, in one line."""


def decode(content: bytes, most_pixels: int) -> UInt8[np.ndarray, "280 280"]:
    """The picture's ink: turned upright, grey, fitted into the pad; inverted if its border is bright.

    Its size is read before its pixels are. Transparent parts count as paper.
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
                picture.draft("L", (PAD, PAD))
                upright = ImageOps.exif_transpose(picture)
                grey = _on_paper(upright)
                grey = ImageOps.contain(grey, (PAD, PAD), Image.Resampling.LANCZOS)
    except UnidentifiedImageError:
        raise BadPicture(f"not a picture; known formats: {', '.join(FORMATS)}") from None
    except BadPicture:
        raise
    except Exception as error:  # whatever a decoder makes of damaged bytes is the picture's fault
        raise BadPicture(f"the picture cannot be decoded: {type(error).__name__}") from None
    pixels = np.asarray(grey)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ink = 255 - pixels if np.median(border) > 127 else pixels
    canvas = np.zeros((PAD, PAD), np.uint8)
    top, left = (PAD - ink.shape[0]) // 2, (PAD - ink.shape[1]) // 2
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


def _on_paper(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(paper, coloured).convert("L")
    return picture.convert("L")
