# Plumbline: `make demo` to look around, `make test` to check everything.
# Needs Python 3.11 or newer and make; everything else goes into .venv.
# Paths are relative, so that the folder's own name may hold spaces.

VENV := .venv
PY := $(VENV)/bin/python
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 "$(PY)" -m pip install --quiet --constraint constraints.txt
SPECIFICATION := pyproject.toml constraints.txt
TESTS ?= tests
ARGS ?=

# A virtual environment holds its own path: one that was moved or copied is made anew.
ifneq ($(shell cat "$(VENV)/.made-in" 2>/dev/null),$(CURDIR))
MOVED := remake
endif

.PHONY: help demo test lint bench clean remake
.DELETE_ON_ERROR:

help:
	@echo "make demo    a sample programme in the browser, on its own PostgreSQL"
	@echo "make test    every test (TESTS=path and ARGS=... reach pytest)"
	@echo "make lint    style, types and layers"
	@echo "make bench   pages beside a bare count, reconciliation beside a bare join"
	@echo "make clean   remove the virtual environment and caches"

demo: $(VENV)/.runtime
	@"$(PY)" -m dashboard.cli demo $(ARGS)

test: $(VENV)/.develop
	@"$(PY)" -m pytest -n 2 --dist loadgroup $(TESTS) $(ARGS)

lint: $(VENV)/.develop
	@"$(PY)" -m ruff check .
	@"$(PY)" -m ruff format --check .
	@"$(PY)" -m mypy
	@"$(VENV)/bin/lint-imports"

bench: $(VENV)/.develop
	@"$(PY)" -m tests.benchmarks $(ARGS)

clean:
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.runtime: $(SPECIFICATION) $(VENV)/.made-in
	@echo "Installing Plumbline into $(VENV); the first time takes a minute or two."
	@$(PIP) --editable .
	@touch "$@"

$(VENV)/.develop: $(SPECIFICATION) $(VENV)/.made-in
	@echo "Installing Plumbline with its tests into $(VENV); the first time takes a minute or two."
	@$(PIP) --editable ".[test,lint]"
	@touch "$(VENV)/.runtime" "$@"

# The first suitable Python on the path, unless PYTHON names one.
PYTHON ?=
$(VENV)/.made-in: $(MOVED)
	@set -e; found=; \
	set -- python3 python3.13 python3.12 python3.11 python; \
	if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; fi; \
	for candidate; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Plumbline needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python" >&2; \
	  exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "This Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; \
	fi; \
	rm -rf "$(VENV)"; \
	"$$found" -m venv "$(VENV)"; \
	printf '%s\n' "$(CURDIR)" > "$@"
