# `make help` lists what there is. Needs make and Python 3.11 or newer; all else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INTEROP := .interop

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all lint format types docs compatibility interop bench bench-collect bench-peer quality

# Where TrainCheck's reference traces are, for the targets that need them.
TRACES ?= ../shared/traces
# Where the traces of examples/ are kept.
RUNS ?= .quality-runs

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile \
		| while read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

install: $(INSTALLED) ## Set up .venv with the package, the collector and the tools

# --group needs pip 25.1; the pip that comes with Python may be older.
$(INSTALLED): pyproject.toml constraints.txt hatch_build.py tc_engine/collect/native.c
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
		sys.exit(v < (3, 11) and "This needs Python 3.11 or newer, and $(PYTHON) is %d.%d: try make PYTHON=python3.11" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable ".[collect]"
	@touch $@

demo: install ## Find a real bug in a training program, step by step (a minute or two)
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/tutorial.sh

test: install ## Run the quick tests
	$(BIN)/pytest -q -m "not slow" --numprocesses auto --maxprocesses 4

test-all: install ## Run all tests
	$(BIN)/pytest -q

lint: install ## Check style, SQL and layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint sql examples/adding_a_relation
	$(BIN)/lint-imports

format: install ## Put Python into the project's style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

types: install ## Check types
	$(BIN)/mypy

docs: install ## Write docs/tables.md from the comments in the SQL files, docs/cli.md from the help
	$(BIN)/python docs/make_tables.py
	$(BIN)/python docs/make_commands.py

compatibility: install ## Compare with TrainCheck on its traces (TRACES=...), and update the page
	$(BIN)/python -m benchmarks.compatibility $(TRACES)

interop: install $(INTEROP)/.installed ## Let TrainCheck check our invariants (TRACES=...), and update the page
	$(BIN)/python -m benchmarks.interop $(TRACES)

# TrainCheck has an environment of its own: nothing of it is imported here.
$(INTEROP)/.installed: constraints.txt
	@test -x $(INTEROP)/bin/python || $(PYTHON) -m venv $(INTEROP)
	$(INTEROP)/bin/python -m pip install --quiet --constraint constraints.txt torch traincheck==0.2.0
	@touch $@

bench: install ## Time the engine on the traces (TRACES=...), and update the page (a quarter of an hour)
	$(BIN)/python -m benchmarks.engine $(TRACES)

bench-peer: install $(INTEROP)/.installed ## Time it beside TrainCheck on the same traces, and update the page
	$(BIN)/python -m benchmarks.peer $(TRACES)

bench-collect: install $(INTEROP)/.installed ## Time collection against the plain programs (twenty minutes), and update the page
	$(BIN)/python -m benchmarks.collect

quality: install ## Count how often correct programs are accused (traces in RUNS=...), and update the page
	$(BIN)/python -m benchmarks.quality.false_alarms --runs $(RUNS)
