# The commands of this project. `make` alone lists them.

PORT ?= 8000
BROWSER_SDK_DIR ?= $(or $(DATA_DIR),data)/browser-sdk

.DEFAULT_GOAL := help
.PHONY: help install serve test lint bench browser-sdk

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

install: ## .venv with everything in it, from the lock files
	@scripts/install requirements-dev.lock

serve: ## the whole server on port 8000 (PORT=…), installing what is missing
	@scripts/install requirements.lock
	@exec .venv/bin/python manage.py serve --port $(PORT)

test: install ## all checks and the whole suite, on SQLite and on PostgreSQL
	@.venv/bin/python scripts/test.py

lint: install ## only the checks
	@.venv/bin/python scripts/test.py --only-checks

bench: install ## how fast a throw-away server on this machine ingests
	@.venv/bin/python -m bench.ingestion

browser-sdk: ## the scripts of posthog-js that browsers fetch from /static/, into BROWSER_SDK_DIR
	@scripts/browser-sdk "$(BROWSER_SDK_DIR)"
