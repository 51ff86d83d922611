# `make run` and `make test` need nothing but python3 (3.11 or newer) and make: they build .venv first.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
# An editable install brings no bytecode, and where Python may not write it every process compiles for half a second.
BYTECODE := $(BIN)/python -m compileall -q sltk experiments proofs_checks

.PHONY: help venv install run figures docs test check bench clean

help:
	@echo "make run    install, then the main job: sltk verify (writes out/verify)"
	@echo "make figures  every figure from the rows that are kept with the source (writes out/figures)"
	@echo "make docs   the site (writes out/site; installs the docs extra)"
	@echo "make test   install with the test tools, then pytest"
	@echo "make check  lint, types, direction of imports"
	@echo "make bench  rates of the solver and of training, cost by size (writes out/bench)"
	@echo "make clean  remove .venv and out"

venv: $(BIN)/python

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "sltk needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

install: .venv/.installed

# The stamps make a second call free; they are older than the project file only when dependencies may have changed.
.venv/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing sltk into .venv (a few minutes the first time) ..."
	$(PIP) -e .
	@$(BYTECODE)
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing sltk and its test tools into .venv (a few minutes the first time) ..."
	$(PIP) -e ".[dev]"
	@$(BYTECODE)
	@touch .venv/.installed $@

run: .venv/.installed
	$(BIN)/sltk verify

figures: .venv/.installed
	$(BIN)/sltk figures

.venv/.installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing sltk and what builds its site into .venv ..."
	$(PIP) -e ".[docs]"
	@touch .venv/.installed $@

docs: .venv/.installed-docs
	$(BIN)/python -m sphinx -q -j auto -b html -d out/doctrees docs out/site

test: .venv/.installed-dev
	$(BIN)/pytest -n auto --dist worksteal

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/.installed
	$(BIN)/python -m experiments.bench

clean:
	rm -rf .venv out
