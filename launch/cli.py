"""What every command shares: flags in, one clear line and exit code 2 for bad input, no traceback."""

import contextlib
import functools
import importlib
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags, logging

from research.runtime.terminal import printable

ROOT = Path(__file__).resolve().parents[1]
PRESETS = ("smoke", "quick", "full")
DISTRIBUTED = flags.DEFINE_bool(
    "distributed", False, "One of several processes; Slurm and Open MPI say which."
)
COORDINATOR = flags.DEFINE_string("coordinator", None, "host:port of process 0, where no cluster says so.")
COORDINATOR_BIND = flags.DEFINE_string(
    "coordinator_bind",
    None,
    "host:port at which process 0 listens; if not set, at --coordinator alone where that is a loopback address, "
    "otherwise on all addresses of its machine.",
)
PROCESS_COUNT = flags.DEFINE_integer(
    "process_count", None, "How many processes compute together, where no cluster says so."
)
I_MEAN_IT = flags.DEFINE_bool(
    "i_mean_it", False, "Allow numbers in a config that would take very long or very much memory."
)
PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which of these processes this is, from 0.")
PLUGINS = flags.DEFINE_list(
    "plugins",
    None,
    "Modules to import first, as my_package.losses: what they add to a registry (LOSSES, NOISES, PERTURBATIONS, "
    "OBJECTIVES, ...) has a name in configs. Their code is part of every key.",
)
PRECISION = flags.DEFINE_enum(
    "precision",
    None,
    ("float32", "tensorfloat32", "bfloat16"),
    "Precision of matrix products on accelerators; part of every key. float32 if not set.",
)
PRECISION_OF_JAX = "JAX_DEFAULT_MATMUL_PRECISION"
PROFILE = flags.DEFINE_string(
    "profile",
    None,
    "Folder for a trace of the whole command by JAX's profiler, which TensorBoard and Perfetto show.",
)
OUT_OF_MEMORY = "out of memory ({}); ask for fewer images, masks, steps or networks at once"
NO_DEVICE = (
    "JAX finds no device for JAX_PLATFORMS={}; unset it for what there is, or install JAX for that device: "
    "pip install 'jax[cuda12]' or 'jax[tpu]'"
)


def fail(message: object) -> int:
    """Prints one line to stderr; returns 2, the exit code of bad input."""
    text = str(message).strip()
    if "Traceback (most" in text:  # a library that quotes one: what went wrong stands in its last line
        text = text.splitlines()[-1]
    if found := re.search(r"field (config[\w.]*) is not supported for overriding", text):
        text = f"{found[1]} is a part of the config; one of yours stands there by --{found[1]}=package.module:Name"
    if found := re.search(r"Failed loading config file.*?Relative path\]:\s+(\S+)", text, re.DOTALL):
        ours = ", ".join(sorted(path.stem for path in (ROOT / "configs").glob("[a-z]*.py")))
        text = f"there is no lab note {found[1]}; ours are configs/NAME.py in {ROOT}, NAME one of {ours}"
    print(f"error: {printable(' '.join(text.split()))}", file=sys.stderr)
    return 2


def lab_note(study: str, preset: str) -> Any:
    """The config of a study at a preset, from configs/."""
    return importlib.import_module(f"configs.{study}").get_config(preset)


def measured(configs: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The cost of these studies as last measured, and on which machine; only where a config is that of a preset."""
    from research.paper import estimate

    known: dict[str, Any] = {}
    machines = set()
    for name, config in configs.items():
        for preset in PRESETS if (ROOT / "configs" / f"{name}.py").exists() else ():
            took, machine = estimate.load(ROOT / "results" / "reference" / "seconds.json", preset)
            if name in took and lab_note(name, preset) == config:
                known[name] = took[name]
                machines.add(machine)
    return known, "; ".join(sorted(machines))


def print_estimate(configs: Mapping[str, Any], folder: Path, *, force: bool, retrain: bool) -> int:
    """Prints what these studies will take in a folder; returns 0, the exit code of a dry run."""
    from research.paper import estimate

    known, machine = measured(configs)
    costs = estimate.of(configs, folder, known, force=force, retrain=retrain)
    console().print(table(estimate.HEAD, estimate.rows(costs)))
    console().print(
        f"Time and memory: {f'measured in a paper on {machine}' if machine else estimate.UNKNOWN}.\n"
    )
    return 0


def console():
    """Where tables are printed: as wide as the terminal, and wide enough for them where there is none.

    Text is printed as it is: what stands in brackets or between colons in a path is no markup.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 118, markup=False, emoji=False, highlight=False)


def say(line: str, style: str | None = None) -> None:
    """Prints a line, never wrapped, without the control characters that a name in a file may have."""
    console().print(printable(line), style=style, soft_wrap=True)


def table(head, rows):
    """Rows of text under a head."""
    from rich.table import Table

    drawn = Table(*head, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        drawn.add_row(*map(printable, row))
    return drawn


def _has_device() -> bool:
    """Whether JAX has a device; where JAX_PLATFORMS names one that is not there, it ends with an error of several kinds."""
    import jax

    try:
        return bool(jax.devices())
    except (RuntimeError, AssertionError):
        return False


def _parse(argv: list[str], verbs: Sequence[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
    except (
        flags.Error, AttributeError, KeyError, ValueError, TypeError, OSError, ImportError, SyntaxError
    ) as error:  # fmt: skip
        sys.exit(fail(error))
    if len(rest) > 1 and not (len(rest) == 2 and rest[1] in verbs):
        known = f"known: {', '.join(verbs)}" if verbs else "all options are flags, see --help"
        sys.exit(fail(f"unexpected argument {rest[-1]!r}; {known}"))
    return rest


def start(
    main: Callable[..., int | None], verbs: Sequence[str] = (), arguments: list[str] | None = None
) -> None:
    """Runs a command: ValueError and OSError are bad input (one line, exit 2), anything else is our bug.

    verbs: words that may follow the command; `main` gets the one that does.
    arguments: those of the command that are flags; None: all.
    """

    def guarded(argv: list[str]) -> int | None:
        import jax

        from research.fields.bounds import LIFTS
        from research.runs.numerics import plug_in
        from research.runtime import devices, multihost

        if I_MEAN_IT.value:
            os.environ[LIFTS] = "1"  # child processes check the same config again
        logging.set_verbosity(logging.ERROR)
        try:
            if PRECISION.value:
                os.environ[PRECISION_OF_JAX] = (
                    PRECISION.value
                )  # for child processes; this one's JAX has read it
                jax.config.update(PRECISION_OF_JAX.lower(), PRECISION.value)
            devices.start()
            plug_in(PLUGINS.value)
            if (parent := os.environ.pop("IDENTIKIT_END_WITH", "")).isdecimal():
                multihost.end_with(int(parent))
            apart = (COORDINATOR.value, PROCESS_COUNT.value, PROCESS_ID.value, COORDINATOR_BIND.value)
            if DISTRIBUTED.value or any(given is not None for given in apart):
                multihost.start(*apart)
            with jax.profiler.trace(PROFILE.value) if PROFILE.value else contextlib.nullcontext():
                return main(*argv[1:])
        except (ValueError, OSError) as error:
            return fail(error)
        except multihost.Preempted:
            print("told to end: saved, the same command goes on from here", file=sys.stderr)
            return multihost.PREEMPTED
        except MemoryError as error:
            return fail(OUT_OF_MEMORY.format(error))
        except (RuntimeError, AssertionError) as error:
            if "RESOURCE_EXHAUSTED" in str(error):  # how XLA says it
                return fail(OUT_OF_MEMORY.format(str(error).splitlines()[0]))
            if not _has_device():
                return fail(NO_DEVICE.format(os.environ.get("JAX_PLATFORMS", "")))
            if isinstance(error, AssertionError) or not multihost.several():
                raise
            print(
                "error: another process of this run was lost; start all of them again and they go on from the "
                f"last checkpoint ({str(error).splitlines()[0][:120]})",
                file=sys.stderr,
                flush=True,
            )
            os._exit(1)  # the lost one cannot be waited for
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", file=sys.stderr)
            return 128 + signal.SIGINT

    for module, own in flags.FLAGS.flags_by_module_dict().items():
        for flag in own if module.startswith("launch.") else ():  # --help shows what all commands share, too
            flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without our letters shows ? for them
    if any(option.startswith("error") for option in sys.warnoptions):
        sys.exit(
            fail(
                "Python is told to end at the first warning, and other libraries warn, too; leave out -W error, or "
                "unset PYTHONWARNINGS"
            )
        )
    app.run(guarded, arguments, flags_parser=functools.partial(_parse, verbs=verbs))
