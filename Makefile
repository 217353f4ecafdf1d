# Naloxone Watch: `make run` opens the dashboard, `make test` runs every test. Both set up what they need.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST := 127.0.0.1
PORT ?= 8501
# Compiled once, here: where Python is told not to write bytecode, every start would compile the project anew.
COMPILE = $(BIN)/python -m compileall -q dashboard.py analytics data geo pages wording

.PHONY: help run test check bench messages clean
.DEFAULT_GOAL := help

help:  ## say what each command does
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed  ## set up, make the synthetic force if there is no store, open the dashboard
	@case "$(PORT)" in *[!0-9]*|""|??????*) echo "PORT must be a number from 1 to 65535, such as PORT=8502."; exit 1;; esac
	@[ "$(PORT)" -ge 1 ] && [ "$(PORT)" -le 65535 ] || { echo "PORT must be a number from 1 to 65535, such as PORT=8502."; exit 1; }
	@$(BIN)/python -c 'import socket, sys; sys.exit(socket.socket().connect_ex(("$(HOST)", $(PORT))) == 0)' || \
		{ echo "Port $(PORT) on $(HOST) is taken, perhaps by a dashboard that is already open. Close it, or say make run PORT=8502."; exit 1; }
	@$(COMPILE)
	@$(BIN)/python -m data demo --if-missing
	@echo "Opening the dashboard on http://$(HOST):$(PORT) (stop it with Ctrl+C)."
	@$(BIN)/python -m streamlit run dashboard.py --server.address $(HOST) --server.port $(PORT)

test: check  ## set up, then lint, layers and all tests
	@$(COMPILE)
	$(BIN)/python -m pytest --numprocesses 2

check: $(VENV)/.installed-dev  ## lint and layer contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev  ## speed, as ratios against peers in the same run
	$(BIN)/python -m tests.bench

messages: $(VENV)/.installed-dev  ## collect every sentence for translators into locale/naloxone_watch.pot
	@$(BIN)/pybabel --quiet extract --omit-header --no-wrap --sort-output --no-location -o locale/naloxone_watch.pot \
		dashboard.py analytics data geo pages wording

clean:  ## remove the environment and caches; the store stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed as '$(PYTHON)'. Install it (Debian: apt-get install python3), or say PYTHON=/its/path."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. Install it (Debian: apt-get install python3-venv) and run make again."; exit 1; }
	@$(PYTHON) -c 'import shutil, sys; sys.exit(shutil.disk_usage(".").free < 2_500_000_000)' || \
		{ echo "The disk has under 2.5 GB free, too little for the environment. Free some space and run make again."; exit 1; }
	@echo "Making the Python environment in $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt constraints.txt | $(VENV)/bin/python
	@echo "Installing what the dashboard needs (a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt || \
		{ echo "Installing failed: see the lines above. The package index must be reachable, or its wheels on this machine (see README)."; exit 1; }
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt || \
		{ echo "Installing failed: see the lines above. The package index must be reachable, or its wheels on this machine (see README)."; exit 1; }
	@touch $@
