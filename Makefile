# Everything runs in the project's own .venv, made on first use and remade when the requirements change.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: validate test test-slow lint bench docs constraints clean

validate: $(INSTALLED)
	$(BIN)/python -m validation

# two workers on two cores: threads of BLAS would only wait for each other
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-slow: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m slow

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with: make PYTHON=python3.x")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test,docs]"
	touch $@

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

docs: $(INSTALLED)
	$(BIN)/sphinx-build -q -W -b html docs out/docs

# Pins what the .venv holds now: names and versions only, no registry's address.
constraints: $(INSTALLED)
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv build out *.egg-info
