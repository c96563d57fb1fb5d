# Everything runs in the project's own .venv, made on first use and remade when the requirements change.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
SCRIPTS := Scripts
else
SCRIPTS := bin
endif
BIN := .venv/$(SCRIPTS)
INSTALLED := .venv/.installed
# a second one holds the lowest version of each requirement
LOWEST := .venv-lowest/$(SCRIPTS)
LOWEST_INSTALLED := .venv-lowest/.installed
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with: make PYTHON=python3.x")'
INSTALL := python -m pip install --quiet --disable-pip-version-check

.PHONY: validate test test-slow test-lowest lint ruff mypy imports spelling bench docs links dist constraints clean

validate: $(INSTALLED)
	$(BIN)/python -m validation

# two workers on two cores: threads of BLAS would only wait for each other
test test-slow test-lowest: export OMP_NUM_THREADS = 1

# coverage by sys.monitoring costs a twentieth; Python 3.11 has none, and its tracer costs a half
test: export COVERAGE_CORE = sysmon
test: lint
	$(BIN)/python -m pytest -n 2 $(shell $(BIN)/python -c 'import sys; print("--cov" * (sys.version_info >= (3, 12)))')

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 -m slow

# A part of them: make test-lowest TESTS=tests/oqs. Old releases call what newer ones deprecate, also in
# the processes that tests start.
test-lowest: export PYTHONWARNINGS = ignore::DeprecationWarning
test-lowest: $(LOWEST_INSTALLED)
	$(LOWEST)/python -m pytest -n 2 -W ignore::DeprecationWarning $(TESTS)

lint: ruff mypy imports spelling

ruff: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mypy: $(INSTALLED)
	$(BIN)/mypy

imports: $(INSTALLED)
	$(BIN)/lint-imports

spelling: $(INSTALLED)
	$(BIN)/codespell

$(INSTALLED): pyproject.toml constraints.txt
	$(NEW_ENOUGH)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) --constraint constraints.txt --editable ".[test,docs,fast,explore]"
	touch $@

# the pins are the bounds of pyproject.toml; what those packages need in turn is pip's choice
$(LOWEST_INSTALLED): pyproject.toml tests/lower_bounds.py
	$(NEW_ENOUGH)
	test -x $(LOWEST)/python || $(PYTHON) -m venv .venv-lowest
	$(LOWEST)/python tests/lower_bounds.py > .venv-lowest/lowest.txt
	$(LOWEST)/$(INSTALL) --only-binary :all: --constraint .venv-lowest/lowest.txt --editable ".[test,docs,fast,explore]"
	touch $@

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

docs: $(INSTALLED)
	$(BIN)/sphinx-build -q -W -b html docs out/docs

# those to other sites, which needs a network; within the pages `make docs` has checked them
links: $(INSTALLED)
	@$(BIN)/python -c 'import socket; socket.create_connection(("doi.org", 443), 9).close()' 2> /dev/null || { echo "make links needs a network: doi.org cannot be reached. Links within the pages: make docs." >&2; exit 1; }
	$(BIN)/sphinx-build -q -b linkcheck docs out/links

# sdist and wheel; `make test-slow` tries them
dist: $(INSTALLED)
	$(BIN)/python -m build --outdir out/dist

# Pins what the .venv holds now: names and versions only, no registry's address.
constraints: $(INSTALLED)
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv .venv-lowest build out *.egg-info
