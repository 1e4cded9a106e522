# What one does here. `make help` lists it; infra/local/ does the work.
ONESTOP = python3 infra/local/onestop.py
SAM = PATH="$(CURDIR)/.local/tools/sam/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam

.DEFAULT_GOAL := help
.PHONY: help run down outputs logs test prove sam-local validate lint package deploy python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## a working day at the one-stop desk, on a local stack that stays up (PORT=4567 make run moves it)
	@$(ONESTOP) run

down: python ## stops that stack; nothing is left running
	@$(ONESTOP) down

outputs: python ## the local stack's outputs: URL, tables, functions
	@$(ONESTOP) outputs

logs: ## follows what the local stack's functions say
	@tail -n 40 -F .local/run/ministack.log

test: python ## every test, on a stack of its own that is gone afterwards
	@$(ONESTOP) test

prove: python ## the same with the long proofs
	@$(ONESTOP) prove

sam-local: python ## sam local invoke of every file in events/, answers compared (needs a Docker engine, or root on Debian)
	@$(ONESTOP) sam-local

validate: python ## sam validate --lint of the templates
	@$(ONESTOP) validate

lint: python ## formatting, clippy, docs, licences, unused dependencies: no warning passes
	@$(ONESTOP) lint

package: python ## sam build as for AWS, with each function's size zipped (ARCH=arm64 or x86_64)
	@$(ONESTOP) package

deploy: package ## the same, then sam deploy --guided to your AWS account
	@$(SAM) deploy --guided

python:
	@command -v python3 >/dev/null || { echo "✗ Python 3 is missing: apt-get install python3 python3-venv, or your system's like"; exit 1; }
