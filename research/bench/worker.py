"""One contender in a process of its own: python -m research.bench.worker SUITE TASK CONTENDER

Every line on standard input is a number of seconds and starts one measurement of at least that length. The answer is
a line of JSON: median seconds of a call, number of calls, facts, and peak memory of the process.
"""

import json
import os
import resource
import statistics
import sys
import time

from research.bench import suite


def main(name: str, task: str, contender: str) -> None:
    """Answers measurements of a contender until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    chosen = suite(name)[task].contenders[contender]
    if chosen.jax:
        from research.runtime import devices

        devices.start()
    trial = chosen.prepare()
    for line in sys.stdin:
        seconds: list[float] = []
        while not seconds or sum(seconds) < float(line):
            begin = time.perf_counter()
            result = trial.work()
            seconds.append(time.perf_counter() - begin)
        answer = {
            "seconds": statistics.median(seconds),
            "calls": len(seconds),
            "facts": {name: float(value) for name, value in trial.judge(result).items()},
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
