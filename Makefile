# The commands of this project. `make help` lists them; infra/local/ implements them.
ONESTOP = python3 infra/local/onestop.py

# The port of the local stack: the running one's, or 4566.
PORT ?= $(or $(shell cat .local/run/port 2>/dev/null),4566)
export PORT
TRY = ONESTOP_ENDPOINT=http://127.0.0.1:$(PORT) target/debug/try
STEP ?= Trả kết quả
PHONE ?= 0912345678
TEXT ?= MCKH 0161701234
export DOSSIERS INQUIRIES CHANGES SUPPLEMENTS APOLOGIES SNS_USD AWS_SMS_USD KANNEL_VND ESMS_VND USD_VND DOCUMENT ROUNDS WARM ONLY

.DEFAULT_GOAL := help
.PHONY: help run down outputs logs push text inbox outbox evening import test prove mutants fuzz clients sam-local validate lint scan package bench cost redrive preflight deploy python

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## plays a working day of the one-stop shop on a local stack, which stays up, with a page that shows the citizens' phones (PORT=4567 make run uses another port; the page is on PORT + 1000)
	@$(ONESTOP) run

down: python ## stops that stack, the page and all their processes
	@$(ONESTOP) down

outputs: python ## prints the local stack's outputs: URL, tables, functions
	@$(ONESTOP) outputs

logs: ## follows the logs of the local stack's functions
	@tail -n 40 -F .local/run/ministack.log

push: ## on that stack: pushes a dossier, signed (STEP='Trả kết quả' PHONE=0912345678)
	@$(TRY) push "$(STEP)" "$(PHONE)"

text: ## on that stack: sends a text to 8083 (TEXT='MCKH 0161701234')
	@$(TRY) text "$(TEXT)"

inbox: ## on that stack: prints the SMS that a phone received (PHONE=0912345678)
	@$(TRY) inbox "$(PHONE)"

outbox: ## on that stack: prints the outbox rows of a dossier: what was sent, and when (CODE=0161701234)
	@$(TRY) outbox "$(CODE)"

evening: ## on that stack: starts the 17:30 run now
	@$(TRY) evening

import: python ## the first load: imports a CSV of dossiers without notices (FILE=dossiers.csv; CHECK=1 sends nothing; STACK=onestop for AWS)
	@$(ONESTOP) import

test: python ## runs every test, on two stacks of its own that are deleted afterwards
	@$(ONESTOP) test

prove: python ## the same with the long proofs; prints one table: fault, schedules, sent, duplicates, lost
	@$(ONESTOP) prove

mutants: python ## mutation tests: changes each rule in turn and checks that a test fails (most of an hour)
	@$(ONESTOP) mutants

fuzz: python ## runs every parser of outside input on random input (FOR=60 seconds each)
	@FOR=$(or $(FOR),60) $(ONESTOP) fuzz

clients: python ## runs each ready client in clients/ against a separate stack (installs their runtimes as root on Debian)
	@$(ONESTOP) clients

sam-local: python ## runs sam local invoke with every file in events/ and compares the answers (needs a Docker engine, or root on Debian)
	@$(ONESTOP) sam-local

validate: python ## runs sam validate --lint on the templates
	@$(ONESTOP) validate

lint: python ## checks formatting, clippy, docs, licences, unused dependencies: any warning fails
	@$(ONESTOP) lint

scan: python ## runs checkov and cfn-lint on the templates: every exception has its reason in the template
	@$(ONESTOP) scan

package: python ## runs sam build as for AWS and prints each function's zipped size (ARCH=arm64 or x86_64)
	@$(ONESTOP) package

bench: python ## measures start, first and warm invocation, memory, size and AWS calls, also of baselines in Rust, Python and Node; writes docs/performance.md
	@$(ONESTOP) bench

cost: python ## prints the bill per month, and the same month with each sender, from counts and prices (DOSSIERS=60000 INQUIRIES=20000; a contract's own price: SNS_USD AWS_SMS_USD KANNEL_VND ESMS_VND, USD_VND)
	@$(ONESTOP) cost

redrive: python ## sends the changes in the dead-letter bucket to NotifyFunction again, and the failed receipts to ReceiptsFunction (STACK=onestop; ONESTOP_ENDPOINT for a local stack)
	@$(ONESTOP) redrive

preflight: python ## checks a deployed stack and its account, read only: one line a check (STACK=onestop for AWS; SEND=0912345678 sends one test SMS)
	@$(ONESTOP) preflight

deploy: python ## runs the release build, then sam deploy --guided to your AWS account
	@$(ONESTOP) deploy

python:
	@command -v python3 >/dev/null || { echo "✗ Python 3 is missing: apt-get install python3 python3-venv, or your system's equivalent"; exit 1; }
