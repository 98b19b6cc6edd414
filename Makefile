# Every target does its own set-up: a fresh clone needs Python 3.11+, make and a package index.
PYTHON ?= python3
PRESET ?= quick
WORKDIR ?= results/paper
PORT ?= 8000
SUITE ?= cpu
BENCH_cpu := results/bench.json --report=results/BENCH.md
BENCH_gpu := results/bench-gpu.json --report=results/BENCH-GPU.md
PY := .venv/bin/python

.PHONY: setup lint types test paper app docs figures reference readme bench lock clean

setup: .venv/.done
.venv/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Identikit needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup
	.venv/bin/mypy

test: setup
	$(PY) -m pytest -n 2 --dist loadfile

# Another preset wants another WORKDIR, or FORCE=1 to replace what is there.
paper: setup
	$(PY) -m launch.paper --preset=$(PRESET) --workdir=$(WORKDIR) $(if $(FORCE),--force)

# Timings beside the peers, which it installs; a bench that was stopped goes on where it was.
bench: .venv/.bench
	$(PY) -m launch.bench --suite=$(SUITE) --out=$(BENCH_$(SUITE))
.venv/.bench: .venv/.done
	$(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[bench]'
	@touch $@

# The drawing app; its first start trains four networks, later ones take seconds.
app: setup
	$(PY) -m launch.app --port=$(PORT) --workdir=$(WORKDIR)

# The API page, made from the docstrings by pdoc, which it installs; begin at results/docs/index.html.
docs: setup
	$(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[docs]'
	$(PY) -m launch.docs --out=results/docs

# Draws every figure of the reference run again from its saved results; nothing is computed.
figures: setup
	$(PY) -m launch.figures

# Keeps the finished paper in WORKDIR as results/reference/ and shows its claims and figures in the README.
reference: setup
	$(PY) -m launch.reference --paper=$(WORKDIR)

# Writes only the README's claims and figures anew, from results/reference/.
readme: setup
	$(PY) -m launch.reference

# Writes requirements.lock anew; needs uv. No index address gets into the file.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra app --extra dev --no-header --quiet \
		pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache
