# The commands of cxkit. `make` alone lists them. Everything is installed into .venv; nothing else is touched.

SHELL := /bin/sh
.DEFAULT_GOAL := help
ENV := .venv
BIN := $(ENV)/bin
READY := $(ENV)/ready

# The first of these that is Python 3.11 or newer; `make PYTHON=/path/to/python3.12 ...` chooses another.
CANDIDATES := python3 python3.13 python3.12 python3.11 python
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))

# Tests that wait for a time limit, or for something to end, leave a core idle: one worker more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)' 2>/dev/null)

# Hundreds of processes import the same modules: without files of bytecode each would compile them anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup report test lab check bench format lock clean-clone clean

help:  ## this list
	@echo "cxkit: customer-culture measurement in Jupyter"
	@echo
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: $(READY)  ## install everything into .venv (the others do it, too)

$(READY): pyproject.toml constraints.txt tools/setup_environment.py
	@if [ -z "$(PYTHON)" ]; then \
	  echo "cxkit needs Python 3.11 or newer, and found none (tried: $(CANDIDATES))."; \
	  echo "Install it from your system's packages or python.org, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	  exit 1; fi
	@$(PYTHON) tools/setup_environment.py $(ENV)

report: $(READY)  ## run all notebooks of notebooks/runs.toml and write out/reports/index.html
	@$(BIN)/cxkit report notebooks/runs.toml -o out/reports

test: $(READY)  ## all tests, and the notebooks against their recorded numbers (FAST=1: the quick ones, below 90 s)
ifdef FAST
	@$(BIN)/python -m pytest -q -n $(WORKERS) --fast tests
else
	@echo "cxkit: tests of the package"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests
	@echo "cxkit: the notebooks, cell by cell (nbval)"
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p no:randomly -p no:cacheprovider -n $(WORKERS) --dist loadfile --nbval-lax --nbval-cell-timeout=300 notebooks
endif

lab: $(READY)  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks

check: $(READY)  ## style, types, layers, readability, tidy notebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/house.py --check
	@$(BIN)/cxkit tidy --check notebooks/*.ipynb

bench: $(READY)  ## speed against named peers, as ratios with their spread
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

format: $(READY)  ## put code and notebooks into the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/cxkit tidy notebooks/*.ipynb

lock: $(READY)  ## write constraints.txt anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --quiet --upgrade -o constraints.txt

clean-clone:  ## clone the last commit into out/clone, where CI runs everything
	@rm -rf out/clone && mkdir -p out
	@git clone --quiet --no-local . out/clone
	@echo "cxkit: a clean clone of $$(git -C out/clone rev-parse --short HEAD) is in out/clone"

clean:  ## remove .venv and everything that was made
	@rm -rf $(ENV) out .pytest_cache .mypy_cache .ruff_cache .hypothesis
