"""Made handwriting: mouse strokes in 18 styles of the ten digits by three hands, and pictures of digits on paper."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

RING = [(0.5 + 0.5 * np.cos(a), 0.5 - 0.5 * np.sin(a)) for a in np.linspace(1.2, 1.2 + 2 * np.pi, 9)]
LOOP = [(0.82, 0.2), (0.5, 0.0), (0.14, 0.26), (0.45, 0.5), (0.82, 0.2)]

# name -> strokes: "curve" is a smooth line through its points, "line" a straight one; x to the right, y down
STYLES = {
    "0": [("curve", RING)],
    "0 narrow": [("curve", [(0.25 + 0.5 * x, y) for x, y in RING])],
    "1": [("line", [(0.5, 0), (0.5, 1)])],
    "1 short flag": [("line", [(0.34, 0.2), (0.5, 0), (0.5, 1)])],
    "1 long flag": [("line", [(0.05, 0.5), (0.55, 0), (0.55, 1)])],  # European; hard for networks trained on MNIST
    "2": [("curve", [(0.08, 0.25), (0.3, 0.02), (0.72, 0.04), (0.86, 0.3), (0.55, 0.66), (0.06, 0.98)]),
          ("line", [(0.06, 0.98), (0.94, 0.97)])],
    "2 loop": [("curve", [(0.1, 0.25), (0.45, 0), (0.85, 0.25), (0.55, 0.65), (0.2, 0.93), (0.1, 0.82),
                          (0.3, 0.78), (0.6, 0.95), (0.95, 0.92)])],
    "3": [("curve", [(0.1, 0.14), (0.48, 0), (0.85, 0.2), (0.42, 0.46)]),
          ("curve", [(0.42, 0.46), (0.9, 0.7), (0.5, 1), (0.05, 0.88)])],
    "3 flat": [("line", [(0.1, 0.02), (0.85, 0.02), (0.42, 0.4)]),
               ("curve", [(0.42, 0.4), (0.9, 0.64), (0.58, 0.98), (0.05, 0.9)])],
    "4": [("line", [(0.2, 0), (0.1, 0.55), (0.92, 0.55)]), ("line", [(0.72, 0.08), (0.66, 1)])],
    "4 closed": [("line", [(0.66, 1), (0.66, 0), (0.05, 0.65), (0.95, 0.65)])],
    "5": [("line", [(0.86, 0.02), (0.22, 0.02), (0.16, 0.44)]),
          ("curve", [(0.16, 0.44), (0.55, 0.36), (0.9, 0.66), (0.55, 0.99), (0.07, 0.9)])],
    "6": [("curve", [(0.75, 0.02), (0.3, 0.35), (0.12, 0.74), (0.45, 1), (0.84, 0.76), (0.5, 0.55), (0.15, 0.74)])],
    "7": [("line", [(0.06, 0.03), (0.92, 0.03), (0.42, 1)])],
    "7 crossed": [("line", [(0.06, 0.03), (0.92, 0.03), (0.42, 1)]), ("line", [(0.3, 0.5), (0.86, 0.48)])],
    "8": [("curve", [(0.75, 0.12), (0.45, 0), (0.18, 0.2), (0.5, 0.46), (0.85, 0.75), (0.5, 1), (0.15, 0.77),
                     (0.5, 0.48), (0.8, 0.22), (0.74, 0.11)])],
    "9": [("curve", LOOP), ("line", [(0.82, 0.18), (0.74, 1)])],
    "9 curved": [("curve", LOOP), ("curve", [(0.82, 0.2), (0.8, 0.66), (0.62, 0.94), (0.28, 0.98)])],
}  # fmt: skip
HANDS = {  # height of the digit and width of the pen in pixels of the pad, slant, unsteadiness
    "neat": ((140, 200), (16, 24), 0.1, 1.0),
    "small": ((80, 120), (10, 16), 0.15, 1.0),
    "large": ((210, 250), (14, 22), 0.2, 2.5),
}
KINDS = ("scan", "soft light", "shadow", "table", "squared", "ballpoint", "chalk", "turned")


def digit(style: str) -> int:
    return int(style[0])


def _path(kind, points, steps: int = 24) -> np.ndarray:
    """Points along a line, or along the Catmull-Rom spline."""
    p = np.asarray(points, float)
    if kind == "line":
        t = np.linspace(0, len(p) - 1, steps)
        return np.stack([np.interp(t, range(len(p)), axis) for axis in p.T], 1)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    found = []
    for i in range(1, len(p) - 2):
        t = np.linspace(0, 1, 8)[:, None]
        a, b, c, d = p[i - 1 : i + 3]
        found.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    return np.concatenate(found)


def _lines(style: str, rng, height: float, slant: float, shake: float) -> list[np.ndarray]:
    """The strokes of one digit, its middle at 0, in pixels."""
    wide, lean, turn = rng.uniform(0.55, 0.8), rng.uniform(-0.3, 1) * slant, rng.normal(0, 0.05)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found = []
    for kind, points in STYLES[style]:
        bent = np.asarray(points) + rng.normal(0, 0.015, (len(points), 2))
        path = (_path(kind, bent) - 0.5) * (wide, 1) @ np.array([[1, 0], [-lean, 1]]) @ rotation
        found.append(height * path + np.cumsum(rng.normal(0, shake / 4, path.shape), 0))
    return found


def strokes(style: str, hand: str, rng) -> list[dict]:
    """Marks of the pad."""
    heights, pens, slant, shake = HANDS[hand]
    height, pen = rng.uniform(*heights), int(rng.integers(*pens))
    lines = _lines(style, rng, height, slant, shake)
    every = np.concatenate(lines)
    low, high = pen / 2 + 2 - every.min(0), 278 - pen / 2 - every.max(0)
    free = rng.uniform(0, 1, 2) if hand == "small" else np.clip(rng.normal(0.5, 0.15, 2), 0, 1)
    move = low + free * np.maximum(high - low, 0)
    return [
        {"kind": "stroke", "erase": False, "width": pen, "points": np.round(line + move).astype(int).tolist()}
        for line in lines
    ]


def photograph(style: str, kind: str, rng) -> bytes:
    """A picture of a digit on paper, encoded; `kind` is one of KINDS."""
    w, h = 360, 450
    pen = 3 if kind == "ballpoint" else int(rng.integers(8, 13))
    ink = _ink(style, rng, (w, h), rng.uniform(165, 250), pen)
    y, x = np.mgrid[:h, :w] / max(w, h)
    paper, colour = np.array([243, 238, 226.0]), np.array([45, 45, 55.0])
    light = np.ones((h, w))
    if kind in ("soft light", "turned"):
        light = 1 - 0.5 * np.clip(x * rng.uniform(0.2, 1) + y * rng.uniform(0.2, 1), 0, 1)
    if kind == "shadow":
        edge = x + rng.uniform(-0.4, 0.4) * y - rng.uniform(0.3, 0.5)
        light = 1 - 0.45 / (1 + np.exp(-edge * 60))
    if kind == "ballpoint":
        colour = np.array([60, 70, 150.0])
    if kind == "chalk":
        paper, colour = np.array([42, 62, 52.0]), np.array([225, 228, 220.0])
        ink *= np.clip(rng.normal(0.9, 0.2, ink.shape), 0, 1)
    page = np.broadcast_to(paper, (h, w, 3)).copy()
    if kind == "squared":
        at, step = rng.integers(0, 21), 21
        grid = ((np.arange(h) - at) % step < 2)[:, None] | ((np.arange(w) - at) % step < 2)[None]
        page[grid] = (178, 192, 210)
    page += (colour - page) * ink[:, :, None]
    if kind == "table":
        page = _on_table(page, rng)
    page = page * light[:, :, None] + rng.normal(0, 3.5, page.shape)
    picture = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
    file = io.BytesIO()
    if kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6  # shown turned by a quarter to the right
        picture.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", exif=exif, quality=85)
    else:
        picture.save(file, "PNG" if kind == "scan" else "JPEG", **({} if kind == "scan" else {"quality": 85}))
    return file.getvalue()


def _ink(style: str, rng, size, height: float, pen: int) -> np.ndarray:
    """Coverage by ink, [h w] in [0, 1]."""
    w, h = size
    sheet = Image.new("L", (2 * w, 2 * h))
    draw = ImageDraw.Draw(sheet)
    middle = np.array([w, h]) + rng.uniform(-60, 60, 2)
    for line in _lines(style, rng, height, 0.15, 1.5):
        points = [tuple(point) for point in 2 * line + middle]
        draw.line(points, 255, 2 * pen, joint="curve")
        for px, py in points:
            draw.ellipse([px - pen, py - pen, px + pen, py + pen], 255)
    return np.asarray(sheet.resize(size, Image.Resampling.BOX), float) / 255


def _on_table(page: np.ndarray, rng) -> np.ndarray:
    """The page, smaller and a little turned, on brown wood."""
    h, w, _ = page.shape
    grain = 12 * np.sin(np.arange(h) / 7 + rng.uniform(0, 6))[:, None, None]
    table = np.clip(np.array([112, 78, 52.0]) + grain + np.zeros(page.shape), 0, 255)
    turn = rng.uniform(-8, 8)
    sheet = Image.fromarray(page.astype(np.uint8)).resize((int(0.72 * w), int(0.72 * h)))
    alpha = Image.new("L", sheet.size, 255).rotate(turn, expand=True)
    below = Image.fromarray(table.astype(np.uint8))
    turned = sheet.rotate(turn, expand=True)
    below.paste(turned, ((w - turned.width) // 2, (h - turned.height) // 2), alpha)
    return np.asarray(below, float)
