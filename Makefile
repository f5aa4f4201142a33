PYTHON ?= python3
# Processes of pytest, a file of tests in one of them; 0 is none but its own.
WORKERS ?= 2
# Where the tests are measured, as .ci/run does: make test COVER='--cov --cov-report='
COVER ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
DOCUMENTED := .venv/.documented
PIP := -m pip install --quiet --disable-pip-version-check
# Files in the order of tests/conftest.py: long ones first.
PYTEST := -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(COVER)

.DEFAULT_GOAL := help
.PHONY: help install check test test-fast test-slow test-world fuzz test-lowest test-python demo docs format clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED)  ## Make .venv and install the package in it, editable, with the tested versions

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) -c constraints.txt -e '.[test]'
	touch $@

check: $(INSTALLED)  ## Check style, the direction of imports, and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# Every process has a core of its own.
test test-fast test-slow test-world fuzz test-lowest test-python: export OMP_NUM_THREADS := 1

test: check  ## Install if need be, check, and run all tests and doctests that are not slow
	$(BIN)/python $(PYTEST) -m 'not slow'

test-fast: $(INSTALLED)  ## Run the tests and doctests that take no time: two minutes
	$(BIN)/python $(PYTEST) -m 'not slow and not long'

test-slow: $(INSTALLED)  ## Run the slow tests: kills, damaged files, browser, long simulations
	$(BIN)/python $(PYTEST) -m slow

test-world: export BAYES_A2M_WORLD_TURNS ?= 10
test-world: $(INSTALLED)  ## Run every verb in a world that kills it, fills its disk, goes away, or crowds it, often
	$(BIN)/python $(PYTEST) -m world

fuzz: export BAYES_A2M_FUZZ_SECONDS ?= 3600
fuzz: export BAYES_A2M_FUZZ_INPUTS ?= 0
fuzz: $(INSTALLED)  ## Give damaged and hostile files to every reader and verb, for an hour
	$(BIN)/python -m pytest tests/fuzz

# Other versions have environments of their own, .venv-lowest and .venv-python.
test-lowest: OTHER := .venv-lowest
test-lowest:  ## Run the fast tests with the lowest versions that setup.cfg allows
	$(PYTHON) .ci/lowest.py > .lowest.txt
	test -x $(OTHER)/bin/python || $(PYTHON) -m venv $(OTHER)
	$(OTHER)/bin/python $(PIP) -c .lowest.txt -e '.[test]'
	$(OTHER)/bin/python $(PYTEST) -m 'not slow and not long'

test-python: OTHER := .venv-python
test-python:  ## Run the fast tests with another Python: make test-python PYTHON=python3.13
	rm -rf $(OTHER)
	$(PYTHON) -m venv $(OTHER)
	$(OTHER)/bin/python $(PIP) -c constraints.txt -e '.[test]'
	$(OTHER)/bin/python $(PYTEST) -m 'not slow and not long'

demo: $(INSTALLED)  ## Install if need be, then show everything on synthetic voices: reports/demo/index.html
	$(BIN)/bayes-a2m demo

$(DOCUMENTED): $(INSTALLED)
	$(BIN)/python $(PIP) -c constraints.txt -e '.[docs]'
	touch $@

docs: $(DOCUMENTED)  ## Write the documentation, links checked, to site/: open site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

format: $(INSTALLED)  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## Remove environments, builds and caches
	rm -rf .venv .venv-lowest .venv-python .lowest.txt build dist site *.egg-info .coverage .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bayes_a2m experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
