# What one does here. `make help` lists it; infra/local/ does the work.
ONESTOP = python3 infra/local/onestop.py

# Where the local stack is, or will be.
PORT ?= $(or $(shell cat .local/run/port 2>/dev/null),4566)
export PORT
TRY = ONESTOP_ENDPOINT=http://127.0.0.1:$(PORT) target/debug/try
STEP ?= Trả kết quả
PHONE ?= 0912345678
TEXT ?= MCKH 0161701234
export DOSSIERS INQUIRIES CHANGES SUPPLEMENTS APOLOGIES SMS_USD DOCUMENT ROUNDS WARM ONLY

.DEFAULT_GOAL := help
.PHONY: help run down outputs logs push text inbox outbox evening import test prove mutants fuzz clients sam-local validate lint scan package bench cost redrive deploy python

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

push: ## on that stack: push a dossier, signed (STEP='Trả kết quả' PHONE=0912345678)
	@$(TRY) push "$(STEP)" "$(PHONE)"

text: ## on that stack: text 8083 (TEXT='MCKH 0161701234')
	@$(TRY) text "$(TEXT)"

inbox: ## on that stack: the SMS a phone got (PHONE=0912345678)
	@$(TRY) inbox "$(PHONE)"

outbox: ## on that stack: what a citizen was told, and when (CODE=0161701234)
	@$(TRY) outbox "$(CODE)"

evening: ## on that stack: the 17:30 run, now
	@$(TRY) evening

import: python ## the first load: a CSV of dossiers, silently (FILE=dossiers.csv; CHECK=1 sends nothing; STACK=onestop for AWS)
	@$(ONESTOP) import

test: python ## every test, on a stack of its own that is gone afterwards
	@$(ONESTOP) test

prove: python ## the same with the long proofs, and one table: fault, schedules, sent, duplicates, lost
	@$(ONESTOP) prove

mutants: python ## breaks each rule in turn and sees a test fail (most of an hour)
	@$(ONESTOP) mutants

fuzz: python ## every parser of outside input, given anything (FOR=60 seconds each)
	@FOR=$(or $(FOR),60) $(ONESTOP) fuzz

clients: python ## the ready clients in clients/, each run against a stack of its own (installs their runtimes as root on Debian)
	@$(ONESTOP) clients

sam-local: python ## sam local invoke of every file in events/, answers compared (needs a Docker engine, or root on Debian)
	@$(ONESTOP) sam-local

validate: python ## sam validate --lint of the templates
	@$(ONESTOP) validate

lint: python ## formatting, clippy, docs, licences, unused dependencies: no warning passes
	@$(ONESTOP) lint

scan: python ## the templates under infrastructure scanners (checkov, cfn-lint): every exception is argued in the template
	@$(ONESTOP) scan

package: python ## sam build as for AWS, with each function's size zipped (ARCH=arm64 or x86_64)
	@$(ONESTOP) package

bench: python ## start, first, warm, memory, size and AWS calls, beside a floor, Python and Node; writes docs/performance.md
	@$(ONESTOP) bench

cost: python ## the bill a month, from counts and list prices (DOSSIERS=60000 INQUIRIES=20000 SMS_USD=0.13989)
	@$(ONESTOP) cost

redrive: python ## brings the dead-letter bucket's changes to NotifyFunction again (STACK=onestop; ONESTOP_ENDPOINT for a local stack)
	@$(ONESTOP) redrive

deploy: python ## the release build, then sam deploy --guided to your AWS account
	@$(ONESTOP) deploy

python:
	@command -v python3 >/dev/null || { echo "✗ Python 3 is missing: apt-get install python3 python3-venv, or your system's like"; exit 1; }
