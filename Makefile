# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
UV_VERSION := 0.13.9
TOOLS := .venv-tools
DIST ?= dist
UV := $(TOOLS)/bin/uv
RUN := $(UV) run --frozen --no-sync
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS ?= manual
# A package without a wheel is an error that names it, never minutes of silent compiling.
export UV_NO_BUILD := 1
# The path of a Python that runs the local stack, else a version for uv to fetch.
CHOOSE_PYTHON := $(PYTHON) -I deploy/local/interpreter.py
FETCH_PYTHON = $(UV) python install --quiet --no-bin $$python || { echo "pinstream: Python $$python could not be fetched; install it, or name yours: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
SYNC = python=$$($(CHOOSE_PYTHON) --quiet) || exit 1; case $$python in /*) ;; *) $(FETCH_PYTHON);; esac; $(UV) sync --quiet --locked --python $$python

.PHONY: demo test check test-training check-training bench setup wheel lock clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t16

demo: .venv/.synced ## boot the stack, publish pictures, watch them become searchable; ARGS="--images DIR --pins N --rate R --exit --json FILE"
	@$(RUN) python -m deploy.demo $(ARGS)

test: .venv/.synced ## unit, contract, congruence and integration tests on the real parts
	@$(RUN) pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not training and not bench" $(ARGS)

check: .venv/.synced ## ruff, mypy --strict and import-linter
	@$(RUN) ruff check . && $(RUN) ruff format --check . && $(RUN) mypy && $(RUN) lint-imports

test-training: .venv-train/.synced ## the tests that need torch
	@UV_PROJECT_ENVIRONMENT=.venv-train $(RUN) pytest -m training $(ARGS)

check-training: .venv-train/.synced ## mypy --strict of inference/training, which needs torch
	@sed 's|, "inference/training/", "tests/inference/training/"||' pyproject.toml > .venv-train/mypy.toml
	@! grep -q '^exclude.*inference/training/' .venv-train/mypy.toml || { echo "Makefile: the line that includes inference/training no longer matches pyproject.toml" >&2; exit 1; }
	@UV_PROJECT_ENVIRONMENT=.venv-train $(RUN) mypy --config-file .venv-train/mypy.toml inference tests/inference

bench: .venv/.synced ## benchmarks: ARGS="path --json FILE"
	@$(RUN) python -m tests.bench $(ARGS)

setup: .venv/.synced ## install everything that demo, test, check and bench need

clean: ## remove what the commands above made
	rm -rf dist .venv .venv-train $(TOOLS) .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

wheel: $(UV) ## build the library that other teams install, into dist/, or DIST=DIR
	@$(UV) build --quiet --wheel --python $(PYTHON) --out-dir $(DIST) && ls $(DIST)/*.whl

lock: $(UV) ## move uv.lock to the newest releases that pyproject.toml allows; then: make test check
	@$(UV) lock --upgrade && rm -f .venv/.synced

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "pinstream: no $(PYTHON) here; install Python 3.12 or 3.11, or name yours: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(CHOOSE_PYTHON) >/dev/null
	@echo "setting up (once): the installer"
	@$(PYTHON) -m venv $(TOOLS) || { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@ $(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: uv==$(UV_VERSION)

.venv/.synced: $(UV) pyproject.toml uv.lock
	@echo "setting up (once): Python packages and servers, from uv.lock"
	@export UV_PROJECT_ENVIRONMENT=.venv; $(SYNC)
	@touch $@

.venv-train/.synced: $(UV) pyproject.toml uv.lock
	@echo "setting up (once): torch and what else training needs, some 5 GB"
	@export UV_PROJECT_ENVIRONMENT=.venv-train; $(SYNC) --group train
	@touch $@
