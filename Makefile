# Two commands set everything up: `make run` (annotates an abstract) and `make test`.
# Both build one virtual environment in .venv, once; it is brought up to date when setup.cfg, constraints.txt or TORCH_SPEC change.

# Counts when .venv is first built; for another Python, `make clean` first.
PYTHON ?= python3
# Installed before everything else. Override it for another release or build of torch,
# e.g. make test TORCH_SPEC="torch==2.12.0"
TORCH_SPEC ?= torch==2.13.0
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LINT_STAMP := $(VENV)/.lint-installed

# The stamp holds the TORCH_SPEC that was installed; out of date is also one that holds another.
export TORCH_SPEC
ifneq ($(strip $(shell cat $(STAMP) 2>/dev/null)),$(strip $(TORCH_SPEC)))
.PHONY: $(STAMP)
endif

# Idle OpenMP threads that spin take the cores from the threads that work.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: run test test-full lint clean

run: $(STAMP)
	@mkdir -p build
	$(BIN)/gliner-biomed annotate project/assets/abstract.txt --output - --output build/abstract.html

# A seeded sample of the long grids; `make test-full` runs them whole. A file's tests stay in one process.
test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --fail-under=90 --precision=1 \
		--include="spacy_gliner_biomed/scorer/*,spacy_gliner_biomed/checkpoint/*,spacy_gliner_biomed/component.py,spacy_gliner_biomed/factory.py"

test-full: $(STAMP)
	$(BIN)/python -m pytest --full --timeout=3600 $(PYTEST_ARGS)

lint: $(LINT_STAMP)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .pytest_cache .hypothesis .mypy_cache .ruff_cache

$(STAMP): setup.cfg constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools wheel
	$(BIN)/python -m pip install --quiet $(TORCH_SPEC)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[linking,evaluation,corpus,train,test]"
	printf '%s\n' "$$TORCH_SPEC" > $@

$(LINT_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
