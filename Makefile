# `make check` is what to run before each commit: under a minute, no network.
PYTHON ?= python
export PYTHONPATH := $(CURDIR)

.PHONY: check lint types fast test docs notebooks golden bench ci

check: lint types fast

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m pyright --pythonpath "$$($(PYTHON) -c 'import sys; print(sys.executable)')"

fast:
	$(PYTHON) -m pytest -q -m "not slow and not acceptance and not fuzz"

test:
	$(PYTHON) -m pytest

docs:
	$(PYTHON) docs/build_docs.py

notebooks:
	$(PYTHON) docs/build_notebooks.py

golden:
	$(PYTHON) -m pytest --update-golden

bench:
	$(PYTHON) -m benchmarks

ci:
	bash .ci/run
