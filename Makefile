PYTHON ?= python3
# Processes of pytest, a file of tests in one of them; 0 is none but its own.
WORKERS ?= 2

BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install test demo format clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED)  ## Make .venv and install the package in it, editable, with the tested versions

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

test: $(INSTALLED)  ## Install if need be, then check style and types, and run the tests and doctests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

demo: $(INSTALLED)  ## Install if need be, then show everything on synthetic voices: reports/demo/index.html
	$(BIN)/bayes-a2m demo

format: $(INSTALLED)  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## Remove .venv, builds and caches
	rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bayes_a2m experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
