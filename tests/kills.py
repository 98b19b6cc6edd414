"""Kills at random moments: python tests/kills.py --kills=50 [--seed=0] [--folder=DIR]

Training, identikits and clusters in turn are killed (SIGKILL) at moments drawn uniformly over an undisturbed run's
time (a moment after the end kills nothing and does not count), begun again until they end, and compared with that
run bit for bit. Prints one line a kind, and exits with 1 if
a bit differs. Each attempt is a fork of a process that has imported everything and computed nothing.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import faulty


def attempt(what: str, folder: Path, after: float | None) -> tuple[bool, float]:
    """Runs on from what is in the folder, killed `after` so many seconds; whether it ended by itself, and its time."""
    begin = time.monotonic()
    child = os.fork()
    if not child:
        code = 1
        try:
            code = faulty.run(what, folder)
        finally:
            os._exit(code)
    while after is None or time.monotonic() - begin < after:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                raise SystemExit(f"{what} failed with status {status}")
            return True, time.monotonic() - begin
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False, time.monotonic() - begin


def disturb(what: str, folder: Path, kills: int, draw: random.Random) -> tuple[int, int, int]:
    """(kills, runs that ended, of these with other bits) of one kind of computation."""
    _, seconds = attempt(what, folder / "undisturbed", None)  # compiles; those to come find its programs
    killed = ended = different = 0
    place = folder / "disturbed"
    while killed < kills or place.exists():
        wait = draw.uniform(0, seconds) if killed < kills else None
        if not attempt(what, place, wait)[0]:
            killed += 1
            continue
        ended += 1
        different += not faulty.same(folder / "undisturbed", place)
        shutil.rmtree(place)
    print(
        f"{what}: {killed} kills over runs of {seconds:.1f} s; {ended} ended, {different} with other bits",
        flush=True,
    )
    return killed, ended, different


def main(kills: int, seed: int, folder: Path) -> int:
    draw = random.Random(seed)
    shares = [kills // 3 + (i < kills % 3) for i in range(3)]
    found = [disturb(what, folder / what, n, draw) for what, n in zip(faulty.WORK, shares)]
    killed, ended, different = map(sum, zip(*found))
    print(f"{killed} kills in all; {ended - different} of {ended} runs ended with the same bits")
    return int(different > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(given.kills, given.seed, given.folder or Path(temporary)))
