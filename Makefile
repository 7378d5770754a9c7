# Everything here sets itself up: Python 3.11 or newer with its venv module, and make, are all it needs.
# `make e2e` builds a real Kubernetes control plane and needs Go 1.24 or newer and openssl for that.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -p tests.plugins.no_skips
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo check format test controlplane e2e e2e-full bench clean

help:
	@echo 'make demo    a cluster with faults, the agent, and an address to open in a browser'
	@echo 'make test    all checks and every fast test'
	@echo 'make e2e     the tests against a real Kubernetes control plane (Go 1.24 or newer)'
	@echo 'make e2e-full  the agent watched there for a quarter of an hour, with the settings that are shipped'
	@echo 'make check   style, types, import contracts, generated files'
	@echo 'make format  rewrite the sources in the house style'
	@echo 'make bench   the figures'
	@echo 'make clean   remove what was made here'

venv: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'this Python has no venv module: install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: venv
	$(BIN)/sre-agent demo $(ARGS)

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests/controlplane tests/chaos tests/e2e tests/plugins
	$(BIN)/mypy docker/locked.py k8s/prometheus_rules.py
	$(BIN)/lint-imports
	$(BIN)/python -m tools.rbac | diff -u k8s/base/rbac.yaml -
	$(BIN)/python -m tools.rbac opt-in | diff -u k8s/opt-in/binding.yaml -
	$(BIN)/python -m tools.rbac nodes | diff -u k8s/components/nodes/nodes.yaml -
	$(BIN)/python -m tools.rbac cluster-wide-writes | diff -u k8s/components/cluster-wide-writes/writes.yaml -
	$(BIN)/python -m tools.fence | diff -u k8s/components/fence/fence.yaml -
	$(BIN)/python k8s/prometheus_rules.py | diff -u k8s/components/prometheus-operator/rules.yaml -

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What plays against the clock with processes of its own comes last, two files at a time: it waits more than it works.
ALONE := tests/chaos tests/server/test_demo.py

test: check
	$(PYTEST) -n 2 tests --ignore=tests/e2e --ignore=tests/bench $(ALONE:%=--ignore=%) $(ARGS)
	$(PYTEST) -n 2 --dist loadfile $(ALONE) --ignore=tests/chaos/long $(ARGS)

controlplane: venv
	$(BIN)/python -m tests.controlplane.build --skip-without-go
	$(BIN)/python -m tests.controlplane.kustomize --skip-without-go

# The agent watched for a quarter of an hour with the settings that are shipped: apart, for its length.
FULL_LENGTH := tests/e2e/test_agent_full_length.py

e2e: controlplane
	$(PYTEST) tests/contract --server=controlplane $(ARGS)
	$(PYTEST) tests/e2e --ignore=$(FULL_LENGTH) --timeout=300 $(ARGS)

e2e-full: controlplane
	$(PYTEST) $(FULL_LENGTH) $(ARGS)

bench: venv
	$(PYTEST) tests/bench $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
