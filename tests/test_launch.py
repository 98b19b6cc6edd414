"""Commands: bad input gives one clear line and exit code 2, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


STUDY = ("launch.study", "--config=configs/recognisers.py", "--workdir={tmp}/run")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ((*STUDY, "--config.no_such_field=1"), "no_such_field"),
        ((*STUDY, "--config.small=-3"), "small must be at least 1, got -3"),
        ((*STUDY, "--config.small=many"), "many"),
        ((*STUDY, "--config.cnn.training.epochs=0"), "training.epochs must be at least 1, got 0"),
        (
            (*STUDY, "--config.include=('softmax','perceptron')"),
            "unknown network 'perceptron'; known: softmax",
        ),
        ((*STUDY, "--config.data=digits"), "'digits'"),
        (
            ("launch.study", "--config=configs/recognisers.py:tiny", "--workdir={tmp}/run"),
            "unknown preset 'tiny'",
        ),
        (
            ("launch.study", "--config=configs/none.py", "--workdir={tmp}/run"),
            "there is no lab note configs/none.py; ours are configs/NAME.py in ",
        ),
        (
            (*STUDY, "--config.cnn.model=MixerConfig"),
            "config.cnn.model is a part of the config; one of yours stands there by --config.cnn.model=package.module:Name",
        ),
        (("launch.study", "--config=configs/recognisers.py"), "workdir"),
        (("launch.study", "--workdir={tmp}/run"), "config"),
        (("launch.study", "--config=configs/recognisers.py", "--workdir={tmp}/file/run"), "{tmp}/file/run"),
        ((*STUDY, "--nonsense"), "nonsense"),
        ((*STUDY, "stray"), "unexpected argument 'stray'"),
        (
            ("launch.paper", "--preset=tiny", "--workdir={tmp}/run"),
            "unknown preset 'tiny'; known: smoke, quick, full",
        ),
        (
            ("launch.paper", "--only=poetry", "--workdir={tmp}/run"),
            "unknown study 'poetry'; known: reconstruction, recognisers",
        ),
        (("launch.paper", "--workdir=/proc/paper"), "/proc/paper"),
        (("launch.figures", "--study=poetry", "--workdir={tmp}/run"), "unknown study 'poetry'"),
        (
            ("launch.figures", "--figure=gallery", "--workdir={tmp}/run"),
            "--figure names figures of one study",
        ),
        (("launch.figures", "--source={tmp}", "--study=drawings"), "{tmp} holds no results of drawings"),
        (
            ("launch.figures", "--width=3.4"),
            "--width is a number with in, cm, mm or pt, from 2in to 20in, but got '3.4'",
        ),
        (("launch.reconstruct", "--network={tmp}/none.onnx"), "none.onnx"),
        (("launch.reconstruct",), "network"),
        (
            (
                "launch.reconstruct",
                "--network=tests/material/torch_dense.onnx",
                "--start=hot",
                "--workdir={tmp}/run",
            ),
            "unknown start 'hot'; known: blank",
        ),
        (("launch.figures", "--format=pdf,gif"), "unknown format gif; known: pdf, svg, png, csv"),
    ],
)
def test_bad_input_gives_one_line_and_exit_code_2(command, says, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    outcome = run(*(part.format(tmp=tmp_path) for part in command))
    assert outcome.returncode == 2, outcome
    assert says.format(tmp=tmp_path) in outcome.stderr
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr


def test_an_unwritable_cache_is_one_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    outcome = run(*STUDY[:2], f"--workdir={tmp_path}/run", IDENTIKIT_CACHE=str(tmp_path / "file" / "cache"))
    assert outcome.returncode == 2, outcome
    assert "IDENTIKIT_CACHE" in outcome.stderr
    assert "Traceback" not in outcome.stderr


SAYS = "from launch import cli; cli.start(lambda: print('ε ≥ 0.99 – 7'))"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_our_letters_shows_the_rest(encoding):
    outcome = subprocess.run(
        [sys.executable, "-c", SAYS], cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert (outcome.returncode, outcome.stdout) == (0, b"? ? 0.99 ? 7\n"), outcome


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("JAX_DISABLE_JIT", "1", "unset JAX_DISABLE_JIT, which is True"),
        ("JAX_NUMPY_DTYPE_PROMOTION", "strict", "unset JAX_NUMPY_DTYPE_PROMOTION, which is 'strict'"),
        ("PYTHONWARNINGS", "error", "leave out -W error, or unset PYTHONWARNINGS"),
        ("IDENTIKIT_CPU_DEVICES", "0", "must be a whole number of at least 1, got '0'"),
        ("IDENTIKIT_CPU_DEVICES", "100000", "must be at most 1024, got '100000'"),
    ],
)
def test_an_environment_that_would_end_the_run_is_one_line(name, value, says):
    outcome = run("launch.figures", **{name: value})
    assert outcome.returncode == 2, outcome
    assert outcome.stderr.startswith("error: ")
    assert says in outcome.stderr
    assert outcome.stderr.count("\n") == 1, outcome.stderr


@pytest.mark.parametrize("program", ["np.ones(10**15)", "jnp.ones(10**15)"])
def test_more_than_the_memory_holds_is_one_line(program):
    program = f"import numpy as np, jax.numpy as jnp; from launch import cli; cli.start(lambda: {program})"
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert outcome.returncode == 2, outcome
    assert outcome.stderr.splitlines()[-1].startswith("error: out of memory (")
    assert "Traceback" not in outcome.stderr


def test_help_shows_the_flags_of_all_commands_and_of_network_files_too():
    outcome = run("launch.read", "--help")
    for flag in ("--reading", "--input_range", "--precision", "--plugins", "--profile", "--process_id"):
        assert f"  {flag}:" in outcome.stdout


PRECISE = """
import os
from launch import cli
from research.runs.numerics import numerics
cli.start(lambda: print(numerics()["switches"]["jax_default_matmul_precision"], os.environ["JAX_DEFAULT_MATMUL_PRECISION"]))
"""


@pytest.mark.parametrize("platform", ["cuda", "gpu"])
def test_a_device_that_is_not_there_is_one_line(platform):
    program = "import jax.numpy as jnp; from launch import cli; cli.start(lambda: print(jnp.ones(3)))"
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | {"JAX_PLATFORMS": platform},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if outcome.returncode == 0:
        pytest.skip(f"there is a {platform} here")
    assert outcome.returncode == 2, outcome
    assert outcome.stderr.splitlines()[-1].startswith(
        f"error: JAX finds no device for JAX_PLATFORMS={platform};"
    )
    assert "Traceback" not in outcome.stderr


def test_precision_holds_for_child_processes_too():
    command = [sys.executable, "-c", PRECISE, "--precision=bfloat16"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.stdout == "bfloat16 bfloat16\n", outcome


def test_a_command_can_be_profiled(tmp_path):
    program = "import jax.numpy as jnp; from launch import cli; cli.start(lambda: print(jnp.ones(3).sum()))"
    command = [sys.executable, "-c", program, f"--profile={tmp_path}"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome
    assert list(tmp_path.rglob("*.xplane.pb"))


def test_text_is_neither_markup_nor_orders_to_the_terminal(capsys):
    from launch import cli

    cli.say("results in a[/x] [red]b[/] :smile: \x1b[2J", "dim")
    cli.console().print(cli.table(("name",), [("[/x]\x1b[2J",)]))
    assert cli.fail("no tensor \x1b[2J\r\x07x") == 2
    said, error = capsys.readouterr()
    assert "results in a[/x] [red]b[/] :smile: \\x1b[2J\n" in said
    assert "\n[/x]\\x1b[2J" in said
    assert error == "error: no tensor \\x1b[2J \\x07x\n"
