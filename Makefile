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
PEERS := .venv-peers
SOURCES = $(shell find topics state streams -type f -not -name '*.py[co]')
DAY := examples/market/coinbase-2018-04-04.csv

.PHONY: help demo live test future faults lint lock bench peers compiled client clean setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## replay one day of real quotes and see what stealing changes
	@$(BIN)/worksteal backtest $(DAY)

live: $(READY) ## run the whole pipeline on a real broker, watch the steals, verify (needs Java 17)
	@$(BIN)/python -m deploy.live

# One run for everything; the branches of state/ are measured in the desk's own tests alone, for
# measuring makes what runs meanwhile several times slower.
test: lint ## lint, then every test, with branch coverage of state/
	@echo "==> pytest"; \
	$(BIN)/pytest -n 2 --dist loadfile --desk-coverage=95; \
	echo "==> the tests took $$SECONDS s"

# Two years: calendars, certificates, examples, whatever reads today's date.
AHEAD := $(VENV)/ahead.so

$(AHEAD): tests/ahead.c $(READY)
	@cc -shared -fPIC -O2 -o $@ $<

future: $(AHEAD) ## the tests that need no broker, with a clock two years ahead (needs a C compiler)
	@CLOCK_AHEAD_S=63072000 LD_PRELOAD=$(abspath $(AHEAD)) \
	  $(BIN)/pytest -n 2 --dist loadfile -m "not broker"

faults: $(READY) ## kill a worker 25 times during 200,000 events; nothing may be lost or doubled
	@$(BIN)/python -m tests.faults.kills --kills 25 --events 200000

lint: $(READY) ## ruff, mypy --strict and the layers
	@echo "==> ruff check"; $(BIN)/ruff check .; \
	echo "==> ruff format --check"; $(BIN)/ruff format --check .; \
	echo "==> mypy"; $(BIN)/mypy; \
	echo "==> lint-imports"; $(BIN)/lint-imports; \
	echo "==> the lint took $$SECONDS s"

bench: $(READY) ## measure the desk, the backtest, the live path beside plain Faust, and recovery
	@$(BIN)/python bench/desk.py
	@$(BIN)/python bench/backtest.py --no-peers
	@$(BIN)/python bench/live.py
	@$(BIN)/python bench/recovery.py

peers: $(READY) ## measure the backtest beside nautilus_trader and hftbacktest, which get a venv of their own
	@$(BIN)/python bench/backtest.py

setup: $(READY) ## make .venv (the other targets do this by themselves)

compiled: $(COMPILED)/.ready ## make .venv-compiled, where the desk and the backtest are compiled (needs a C compiler)

# Makes the virtual environment $(1) of what the lock file $(2) says, and of nothing else.
#
# Hashes pin every download.  The lock is complete, so no resolver is asked: pip's would compare an
# extra (`coverage[toml]`) with the newest release there is, and refuse the lock on the day that one
# appears.  `pip check` says afterwards that what was installed belongs together.  The stamp is a copy
# of the lock, written last: an installation that was cut short is begun again, and a lock that only
# looks newer (a checkout) costs nothing.
define INSTALL_LOCK
	@if cmp --silent $(2) $(1)/.locked; then exit; fi; \
	python=; for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "worksteal needs Python 3.11 or newer with its venv module, and none of \"$(PYTHONS)\" is one." >&2; \
	  exit 1; fi; \
	echo "==> $$($$python --version) installs $(2) into $(1) (a minute or two, only when it changes)"; \
	$$python -m venv --clear $(1); \
	$(1)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $(2)
	@cp $(2) $(1)/.locked
endef

$(VENV)/.locked: requirements.lock
	$(call INSTALL_LOCK,$(VENV),$<)

$(COMPILED)/.locked: requirements.lock
	$(call INSTALL_LOCK,$(COMPILED),$<)

$(PEERS)/.locked: bench/peers/requirements.txt
	$(call INSTALL_LOCK,$(PEERS),$<)

# In place: what is edited is what runs.
$(READY): $(VENV)/.locked pyproject.toml
	@echo "==> installing worksteal in place"
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(PIP) check
	@touch $@

# What the peers ask for is checked when they are there, and bench/peers/run.py asks for this target.
$(PEERS)/.ready: $(PEERS)/.locked
	@$(PEERS)/bin/python -m pip --disable-pip-version-check check
	@touch $@

# A wheel, not in place: what is compiled never stands in the work tree.
$(COMPILED)/.ready: $(COMPILED)/.locked pyproject.toml deploy/compiled/hook.py $(SOURCES)
	@echo "==> compiling worksteal into $(COMPILED) (half a minute, whenever a source has changed)"
	@rm -rf $(COMPILED)/wheel
	@HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 $(COMPILED)/bin/python -m hatchling build --target wheel \
	  --directory $(COMPILED)/wheel
	@$(COMPILED)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-index \
	  --force-reinstall $(COMPILED)/wheel/*.whl
	@$(COMPILED)/bin/python -m pip --disable-pip-version-check check
	@touch $@

client: $(READY) ## build the subscribers' client, a wheel of its own, into dist/
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist deploy/client
	@ls dist/worksteal_client-*.whl

UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url

lock: $(READY) ## write the lock files anew from pyproject.toml (the one target that asks for the newest)
	@$(UV_COMPILE) --upgrade --group dev pyproject.toml -o requirements.lock
	@$(UV_COMPILE) --group peers -o bench/peers/requirements.txt
	@$(UV_COMPILE) --upgrade --constraint requirements.lock deploy/client/pyproject.toml -o deploy/client/requirements.lock
	@echo "requirements.lock is written; 'make test' installs it.  So are those of bench/peers and deploy/client."

clean: ## remove .venv, caches and reports
	@rm -rf $(VENV) $(PEERS) $(COMPILED) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache ./*.egg-info worksteal-report.html worksteal-optimize* worksteal-policy.yaml .live
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
