# make up     from an empty machine to running, migrated databases
# make test   lint aside, everything that proves it
.PHONY: setup tools up down test test-sqlx lint help
.DEFAULT_GOAL := help

VENV := .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)

help:
	@echo "make setup   virtual environment, PostgreSQL, PgBouncer, Pulumi CLI (once; quick when done)"
	@echo "make up      the local cloud, the stack \`local\` on it, the schema in its databases"
	@echo "make down    stop the local cloud, keep its data (dbctl local down --delete removes it)"
	@echo "make test    unit, sql and e2e tests"
	@echo "make test-sqlx  the runner beside sqlx's own command (builds it with cargo, once)"
	@echo "make lint    ruff and mypy --strict"

# Both at once: pip keeps one core busy for a minute or two, the Go compiler takes the other meanwhile.
setup:
	@setup/python.sh "$(PYTHON)"
	@$(MAKE) -s --no-print-directory -j2 $(VENV)/.installed tools

$(VENV)/.installed: requirements.txt requirements-dev.txt pyproject.toml setup/venv.sh
	@setup/venv.sh "$(PYTHON)" "$(VENV)"

# Needs nothing but Python itself, so it need not wait for the virtual environment.
tools:
	@"$(PYTHON)" -m ops.toolchain

up: setup
	@$(VENV)/bin/dbctl local up

down:
	@test ! -x $(VENV)/bin/dbctl || $(VENV)/bin/dbctl local down

test: setup
	@$(VENV)/bin/python -m pytest tests/unit -q -n 2
	@$(VENV)/bin/python -m pytest tests/sql tests/e2e -q -m "not sqlx" --ignore tests/sql/test_killed.py
	@$(VENV)/bin/python -m pytest tests/sql/test_killed.py -q -n 2

# Apart, since it needs Rust: the first time it builds sqlx-cli with cargo.
test-sqlx: setup
	@SQLX="$$(setup/sqlx.sh)" $(VENV)/bin/python -m pytest tests/sql -q -m sqlx

lint: setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
