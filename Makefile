# Farun 法润助手. `make help` lists what there is.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test lint bench build clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.installed ## install, build, seed the demonstration and start everything
	FARUN_DEMO=$${FARUN_DEMO:-on} $(BIN)/farun run

build: $(VENV)/.installed ## build knowledge.db and the index
	$(BIN)/farun build

test: $(VENV)/.installed-test $(VENV)/.system-test ## lint and all tests: both database engines, a real browser, Node.js
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest tests

lint: $(VENV)/.installed-test ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-test ## benchmarks, with ratios against a peer of the same run
	$(BIN)/python -m tests.benchmarks

clean: ## remove what was installed and built; the databases in var/ stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache node_modules tests/channels/node_modules

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo '要 Python 3.11 或更新的版本 / Python 3.11+ is needed'; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml deploy/constraints.txt
	$(BIN)/python -m pip install -q -c deploy/constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install -q -c deploy/constraints.txt -e '.[test]'
	@touch $@

# What the tests need from the system: a PostgreSQL server, Chromium, Node.js and Chinese fonts.
$(VENV)/.system-test: tests/system.sh $(VENV)/bin/python
	$(SUDO) bash tests/system.sh
	@touch $@
