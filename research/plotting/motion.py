"""Animations as GIF and MP4; the same frames give the same bytes."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8


def frame(figure) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels of a matplotlib figure."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def save(frames: Sequence[UInt8[np.ndarray, "h w 3"]], path: Path, *, fps: int) -> None:
    """Writes path.gif and path.mp4 (H.264); the last frame is held for a second."""
    from PIL import Image

    frames = [*frames, *[frames[-1]] * fps]
    pictures = [Image.fromarray(f).quantize(64, dither=Image.Dither.NONE) for f in frames]
    pictures[0].save(
        path.with_suffix(".gif"),
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / fps),
        loop=0,
        optimize=False,
    )
    even = np.stack(frames)[:, : frames[0].shape[0] // 2 * 2, : frames[0].shape[1] // 2 * 2]
    import imageio_ffmpeg

    height, width = even.shape[1:3]
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1", "-threads", "1"]
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-",
            *exact, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", str(path.with_suffix(".mp4")),
        ],
        input=np.ascontiguousarray(even).tobytes(),
        check=True,
    )  # fmt: skip
