# Every target works from a fresh clone: what it needs goes into .venv, nothing outside is touched.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHONS := python3.13 python3.12 python3.11 python3
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILED := .venv-compiled
SOURCES = $(shell find topics state streams -type f -not -name '*.py[co]')
DAY := examples/market/coinbase-2018-04-04.csv

.PHONY: help demo live test faults lint lock bench peers compiled clean setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## replay one day of real quotes and see what stealing changes
	@$(BIN)/worksteal backtest $(DAY)

live: $(READY) ## run the whole pipeline on a real broker, watch the steals, verify (needs Java 17)
	@$(BIN)/python -m deploy.live

# Measuring the branches makes the desk several times slower, so only its own tests are measured.
DESK := tests/state tests/conformance tests/topics tests/streams/backtest

test: lint ## lint, then every test, with branch coverage of state/
	@echo "==> tests of the desk"
	@$(BIN)/pytest -n 2 --cov=state --cov-branch --cov-fail-under=95 $(DESK)
	@echo "==> tests of everything else"
	@$(BIN)/pytest -n 2 $(addprefix --ignore=,$(DESK))

faults: $(READY) ## kill a worker 25 times during 200,000 events; nothing may be lost or doubled
	@$(BIN)/python -m tests.faults.kills --kills 25 --events 200000

lint: $(READY) ## ruff, mypy --strict and the layers
	@echo "==> ruff check"; $(BIN)/ruff check .
	@echo "==> ruff format --check"; $(BIN)/ruff format --check .
	@echo "==> mypy"; $(BIN)/mypy
	@echo "==> lint-imports"; $(BIN)/lint-imports

bench: $(READY) ## measure the desk, the backtest, the live path beside plain Faust, and recovery
	@$(BIN)/python bench/desk.py
	@$(BIN)/python bench/backtest.py --no-peers
	@$(BIN)/python bench/live.py
	@$(BIN)/python bench/recovery.py

peers: $(READY) ## measure the backtest beside nautilus_trader and hftbacktest, which get a venv of their own
	@$(BIN)/python bench/backtest.py

setup: $(READY) ## make .venv (the other targets do this by themselves)

compiled: $(COMPILED)/.ready ## make .venv-compiled, where the desk and the backtest are compiled (needs a C compiler)

# Makes the virtual environment $(1), unless it is there, and installs the lock file into it.
define INSTALL_LOCK
	@python=; for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "worksteal needs Python 3.11 or newer with its venv module, and none of \"$(PYTHONS)\" is one." >&2; \
	  exit 1; fi; \
	if ! $(1)/bin/python -m pip --version >/dev/null 2>&1; then \
	  echo "==> $$($$python --version) makes $(1)"; $$python -m venv --clear $(1); fi
	@echo "==> installing requirements.lock into $(1) (a minute or two, only when it changes)"
	@$(1)/bin/python -m pip --disable-pip-version-check install --require-hashes -r requirements.lock
endef

# Hashes pin every download; the package itself is installed in place.  The stamp is written last,
# so an installation that was cut short is taken up again.
$(READY): requirements.lock pyproject.toml
	$(call INSTALL_LOCK,$(VENV))
	@echo "==> installing worksteal in place"
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(COMPILED)/.locked: requirements.lock
	$(call INSTALL_LOCK,$(COMPILED))
	@touch $@

# A wheel, not in place: what is compiled never stands in the work tree.
$(COMPILED)/.ready: $(COMPILED)/.locked pyproject.toml deploy/compiled/hook.py $(SOURCES)
	@echo "==> compiling worksteal into $(COMPILED) (half a minute, whenever a source has changed)"
	@rm -rf $(COMPILED)/wheel
	@HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 $(COMPILED)/bin/python -m hatchling build --target wheel \
	  --directory $(COMPILED)/wheel
	@$(COMPILED)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-index \
	  --force-reinstall $(COMPILED)/wheel/*.whl
	@touch $@

lock: $(READY) ## write requirements.lock anew from pyproject.toml
	@$(PIP) install --quiet 'uv>=0.6,<1'
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --group peers -o bench/peers/requirements.txt
	@echo "requirements.lock is written; 'make test' installs it.  So is bench/peers/requirements.txt."

clean: ## remove .venv, caches and reports
	@rm -rf $(VENV) .venv-peers $(COMPILED) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache ./*.egg-info worksteal-report.html worksteal-optimize* worksteal-policy.yaml .live
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
