# make up     from an empty machine to running, migrated databases
# make test   lint aside, everything that proves it
.PHONY: setup tools up down test test-tools test-sqlx pages lint help
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
	@echo "make pages   every page, picture and graph that a program writes (read the difference)"

# Both at once: pip keeps one core busy for a minute or two, the Go compiler takes the other meanwhile.
setup:
	@setup/python.sh "$(PYTHON)"
	@$(MAKE) -s --no-print-directory -j2 $(VENV)/.installed tools

$(VENV)/.installed: requirements.txt requirements-dev.txt requirements-ci.txt pyproject.toml setup/venv.sh
	@setup/venv.sh "$(PYTHON)" "$(VENV)"

# Needs nothing but Python itself, so it need not wait for the virtual environment.
tools:
	@"$(PYTHON)" -m ops.toolchain

up: setup
	@$(VENV)/bin/dbctl local up

down:
	@test ! -x $(VENV)/bin/dbctl || $(VENV)/bin/dbctl local down

# What tests need beside `setup`, each made once for this user: a second release of PgBouncer, the linter of workflows, a
# bare Debian for the images, the policy pack's own environment.
test-tools: setup
	@setup/pgbouncer.sh > /dev/null
	@setup/actionlint.sh > /dev/null
	@setup/debian_root.sh > /dev/null
	@setup/policy.sh "$(VENV)/bin/python" > /dev/null

# Alone on the machine: tests of one database share its servers, and ten thousand clients of a pooler want room.
ALONE := tests/sql tests/e2e/pooler
# These wait for processes more than they compute, and share nothing: two files at a time.
BESIDE := tests/sql/test_killed.py tests/e2e

test: setup test-tools
	@$(VENV)/bin/python -m pytest tests/unit -q -n 2
	@$(VENV)/bin/python -m pytest $(ALONE) -q -m "not sqlx" --ignore=tests/sql/test_killed.py
	@$(VENV)/bin/python -m pytest $(BESIDE) -q -n 2 --dist loadfile --ignore=tests/e2e/pooler

# Apart, since it needs Rust: the first time it builds sqlx-cli with cargo.
test-sqlx: setup
	@SQLX="$$(setup/sqlx.sh)" $(VENV)/bin/python -m pytest tests/sql -q -m sqlx

# Tests hold each of them; `setup/pages.sh effects` writes those of the named changes too.
pages: setup
	@PYTHON=$(VENV)/bin/python setup/pages.sh

lint: setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
