# Every step that a person or CI takes. Bare `make` prints this as help.
# Needs: python3.11 or newer with venv, git, make. Everything else is installed into .venv.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PURE_TESTS := tests/unit tests/contract tests/house tests/simulation
# A worker a core; JOBS=1 is one. Eight suffice: each imports and collects everything for itself.
PYTEST = $(BIN)/python -m pytest --numprocesses $(or $(JOBS),logical) --maxprocesses 8 --dist worksteal

# Where it is set, every worker would rewrite the asserts of 500 modules anew at each run.
unexport PYTHONDONTWRITEBYTECODE

# The interpreter that makes .venv; the first of these that is new enough and can make one. The
# system's own comes first: distributions build it with profile-guided optimisation, and what it runs
# takes two thirds of the time (tests/bench/README.md).
PYTHONS := $(PYTHON) /usr/bin/python3 python3.11 python3.12 python3.13 python3

# The stack's ports and folder; a second stack beside the first: make demo PORT_BASE=21000 YICHUAN_HOME=...
PORT_BASE ?=
ifneq ($(PORT_BASE),)
export YICHUAN_PORTS__BASE := $(PORT_BASE)
endif
ifneq ($(YICHUAN_HOME),)
export YICHUAN_HOME
endif

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

##@ See it run

.PHONY: demo
demo: $(VENV)/.runtime ## the whole county on a real broker; leaves it running and says how to look on
	$(BIN)/yichuan demo

.PHONY: up
up: $(VENV)/.runtime ## start the local broker and registry
	$(BIN)/yichuan up

.PHONY: down
down: $(VENV)/.runtime ## stop them, and what the demo left running
	$(BIN)/yichuan down

##@ Test it

.PHONY: test
test: $(VENV)/.dev ## everything: unit, contract, house and simulation tests, then the real broker
	$(PYTEST) $(PURE_TESTS)
	$(MAKE) integration

# --cov is the last word: it would take a path behind it for what is to be measured.
.PHONY: check
check: $(VENV)/.dev ## before every commit: format, lint, types, layers, tests with coverage; eight to ten minutes on 2 cores
	$(BIN)/ruff format --check .
	$(MAKE) -j3 lint types layers
	$(PYTEST) $(PURE_TESTS) --cov

.PHONY: unit
unit: $(VENV)/.dev ## unit and house tests on every core; T=path runs one file or test
	$(if $(T),$(BIN)/python -m pytest $(T),$(PYTEST) tests/unit tests/house)

.PHONY: contract
contract: $(VENV)/.dev ## the schemas, their examples and their history
	$(BIN)/python -m pytest tests/contract

.PHONY: versitygw
versitygw: $(VENV)/.dev ## the S3 that the tests of attachments ask; Go builds it once, in three minutes
	$(BIN)/python -m tests.s3

.PHONY: alerts
alerts: $(VENV)/.dev ## the alerts' rules and their cases, by Prometheus's promtool; Go builds it once, in ten minutes
	$(BIN)/python -m tests.promtool

.PHONY: integration
integration: $(VENV)/.dev download versitygw ## tests on a real broker and registry; T=path runs one
	$(BIN)/python -m pytest $(or $(T),tests/integration)

.PHONY: bench
bench: $(VENV)/.dev download ## what a message costs beside the bare-work limit, Faust, FastStream; then the bus under load: 2.5 hours
	$(BIN)/python -m tests.bench.seal
	$(BIN)/python -m tests.bench.bus --out tests/bench/results
	$(BIN)/python -m tests.bench.load --out tests/bench/results

.PHONY: mutate
mutate: $(VENV)/.dev ## spoil each row of the tables and 300 places of the code; tests must notice: SEED= JOBS= ONLY=; 20 minutes
	$(BIN)/python -m tests.mutation.run $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) \
	  $(addprefix --only ,$(ONLY)) $(if $(OUT),--out $(OUT))

.PHONY: faults
faults: $(VENV)/.dev ## strike real processes and links, judge by what the agencies hold: QUICK=1, MINUTES=, ONLY="name ...", SEED=
	$(BIN)/python -m tests.faults $(if $(QUICK),--quick) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(addprefix --only ,$(ONLY)) $(if $(SEED),--seed $(SEED))

.PHONY: prove
prove: $(VENV)/.dev kcat ## prove a chapter's promises: make prove WHAT=bus [LONG=1] [ONLY="id ..."]
	@test -n "$(WHAT)" || { echo 'make prove WHAT=bus [LONG=1] [ONLY="id ..."]' >&2; exit 2; }
	$(BIN)/python -m tests.prove.run $(WHAT) $(if $(LONG),--long) $(addprefix --only ,$(ONLY))

.PHONY: sim
sim: $(VENV)/.dev ## counties simulated from seeds, judged after every step: make sim [RUNS=300] [SEED=1]
	$(BIN)/python -m tests.simulation --runs $(or $(RUNS),300) --seed $(or $(SEED),1)

##@ Work on it

.PHONY: setup
setup: $(VENV)/.dev ## make .venv with everything locked; other targets do it by themselves

.PHONY: download
download: $(VENV)/.runtime ## bring the broker and the registry into the cache; other targets do it by themselves
	@$(BIN)/yichuan up --download-only

.PHONY: format
format: $(VENV)/.dev ## put the code into its one form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lifecycle
lifecycle: $(VENV)/.dev ## write deploy/lifecycle.md from the table of steps
	$(BIN)/python -m tests.house.lifecycle

.PHONY: guidance
guidance: $(VENV)/.dev ## write deploy/guidance.md from the marks on the tests
	$(BIN)/python -m tests.law.page

.PHONY: faults-page
faults-page: $(VENV)/.dev ## write deploy/faults.md from the table of faults
	$(BIN)/python -m tests.faults.page

.PHONY: lint
lint: $(VENV)/.dev ## ruff, every rule
	$(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

.PHONY: layers
layers: $(VENV)/.dev ## who may import whom
	$(BIN)/lint-imports --no-logo

.PHONY: lock
lock: ## write both locks anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev -o requirements-dev.lock $(LOCK_OPTIONS)
	uv pip compile pyproject.toml --group build -c requirements-dev.lock -o requirements.lock $(LOCK_OPTIONS)

.PHONY: clean
clean: ## remove .venv and every cache; stacks, homes and downloads stay
	rm -rf $(VENV) build *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  .mutation_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Hashes, and no index address: a lock that names a host works in one place only.
LOCK_OPTIONS := --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

# ------------------------------------------------------------------------------ the environment
# The stamps lie in .venv, so that a removed .venv is made anew. Hashes are required and nothing is
# resolved: the locks are complete. The project itself is linked in, with the locked setuptools.

$(VENV)/bin/python:
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making $(VENV) with $$("$$python" --version)"; \
	    exec "$$python" -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo 'No Python 3.11 or newer that can make a venv was found (tried: $(PYTHONS)).' >&2; \
	echo 'Install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11' >&2; \
	exit 1

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo 'installing what Yichuan runs on ($(shell grep -c '==' requirements.lock) locked packages; a minute or two the first time)'
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime | $(VENV)/bin/python
	@echo 'installing what the tests need ($(shell grep -c '==' requirements-dev.lock) locked packages in all)'
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# The outside client of `make prove`: librdkafka's own command, in C, which shares no code with us.
.PHONY: kcat
kcat:
	@command -v kcat >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo 'installing kcat, the outside client of the proof'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq kcat >/dev/null && exit 0; \
	fi; \
	echo 'make prove needs kcat, a Kafka client that is not ours. Install it (Debian: apt-get install kcat) and run again.' >&2; \
	exit 1
