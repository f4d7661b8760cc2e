# The verbs of this project. `make` alone lists them.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check lint format clean

help: ## list the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

setup: ## make .venv and install what running needs
	@$(PYTHON) config/bootstrap.py

setup-dev: ## the same, and what testing needs
	@$(PYTHON) config/bootstrap.py --dev

run: setup ## start everything on this machine; Ctrl-C stops it
	@exec $(VENV_PYTHON) -m config.run

test: check ## formatting, lint, types, import contracts, and the tests
	$(VENV_PYTHON) -m pytest -n 2

check: lint
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports
	DJANGO_SETTINGS_MODULE=tests.settings $(VENV_PYTHON) manage.py check
	DJANGO_SETTINGS_MODULE=tests.settings $(VENV_PYTHON) manage.py makemigrations --check --dry-run

lint: setup-dev ## formatting and lint alone
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m ruff check

format: setup-dev ## put formatting right, and what lint can put right by itself
	$(VENV_PYTHON) -m ruff check --fix
	$(VENV_PYTHON) -m ruff format

clean: ## remove caches; data in var/ and the environment in .venv stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
