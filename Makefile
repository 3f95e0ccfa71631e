# Colophon needs GNU make and Python 3.11 or newer; everything else is fetched by `make run`.

PORT ?= 8000
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# The first Python that is new enough; looked for only when the environment is made.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$name; break; fi; done)
SOURCES := accounts catalog site_config tests manage.py

export PORT

.PHONY: help run dev test lint types format requirements clean install install-dev

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

run: install .env ## Start Colophon on http://127.0.0.1:8000 (PORT=8001 chooses another port)
	@$(PY) manage.py prepare --port $(PORT)
	@echo "Colophon runs on http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@exec $(PY) -m uvicorn site_config.asgi:application --port $(PORT) --no-server-header \
		--log-level warning --timeout-graceful-shutdown 5

dev: install-dev .env ## The same for working on the code: restarts itself, errors show the code
	@$(PY) manage.py prepare --port $(PORT)
	@DEBUG=true exec $(PY) -m uvicorn site_config.asgi:application --port $(PORT) --reload \
		--reload-dir accounts --reload-dir catalog --reload-dir site_config

test: install-dev ## Run the tests (ARGS="-k isbn" chooses some)
	@$(PY) -m pytest $(ARGS)

lint: install-dev ## Check style and templates
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 --check {} +

types: install-dev ## Check types
	@$(VENV)/bin/mypy $(SOURCES)

format: install-dev ## Bring the code into shape
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .
	@find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 {} +

requirements: ## Resolve the requirements anew (needs uv)
	@for name in requirements requirements-dev; do \
		uv pip compile --quiet --upgrade --python-version 3.11 --universal --generate-hashes \
			--no-emit-index-url --no-header $$name.in -o $$name.txt || exit 1; done

clean: ## Remove what was made, but neither .env nor the data in var/
	@rm -rf $(VENV) var/static .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# A copy of what was installed last lies in the environment: a changed file installs again.
install: $(PY)
	@cmp -s requirements.txt $(VENV)/requirements.txt || { \
		echo "Installing what Colophon needs …"; \
		$(PIP) -r requirements.txt && cp requirements.txt $(VENV)/requirements.txt; }

install-dev: install
	@cmp -s requirements-dev.txt $(VENV)/requirements-dev.txt || { \
		echo "Installing what its tests need …"; \
		$(PIP) -r requirements-dev.txt && cp requirements-dev.txt $(VENV)/requirements-dev.txt; }

$(PY):
	@test -n "$(PYTHON)" || { \
		echo "Colophon needs Python 3.11 or newer, and none was found. Install it, or name it:" \
			"make run PYTHON=/path/to/python3"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu:" \
			"apt install python3-venv"; exit 1; } >&2
	@$(PYTHON) -m venv --clear $(VENV)

.env:
	@(umask 077; { \
		echo "# Made by make run for this machine; .env.example lists what else can be set."; \
		echo "SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_hex(32))')"; \
		echo "HTTPS=false"; \
		echo "DEBUG=false"; } > .env.new && mv .env.new .env)
	@echo "Wrote .env with a secret key of its own."
