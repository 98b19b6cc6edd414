# Every target does its own set-up: a fresh clone needs Python 3.11+, make and a package index.
PYTHON ?= python3
PRESET ?= quick
WORKDIR ?= results/paper
PY := .venv/bin/python

.PHONY: setup lint types test paper lock clean

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
	$(PY) -m pytest -n 2

paper: setup
	$(PY) -m launch.paper --preset=$(PRESET) --workdir=$(WORKDIR)

# Writes requirements.lock anew; needs uv. No index address gets into the file.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra app --extra dev --no-header --quiet \
		pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache
