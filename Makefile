# Everything a person does with this project. `make` alone explains it.
.DEFAULT_GOAL := help
.PHONY: help run down test prove sam-local lint package deploy outputs validate push text inbox ledger evening
LOCAL := python3 infra/local/onestop.py
PORT ?= 4566
export PORT
TRY := ONESTOP_ENDPOINT=http://127.0.0.1:$(PORT) target/debug/try
STEP ?= Trả kết quả
PHONE ?= 0912345678
TEXT ?= MCKH 0161701234

help: ## What there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=4567 make run moves the local stack; everything it installs and writes is under .local/ and target/"

run: ## A working day at the one-stop desk, on a local AWS that stays up (first time 5 minutes, then half of one)
	@$(LOCAL) run

down: ## Ends what make run left up
	@$(LOCAL) down

test: ## All tests but the long proofs, on a stack of their own
	@$(LOCAL) test

prove: ## The long proofs too: every pair of faults, an evening of 100,000 apologies
	@$(LOCAL) prove

sam-local: ## sam local invoke of every file in events/, where a Docker engine answers or can be started
	@$(LOCAL) sam-local

push: ## On the local stack: push a dossier  STEP='Trả kết quả' PHONE=0912345678
	@$(TRY) push "$(STEP)" "$(PHONE)"

text: ## On the local stack: text 8083  TEXT='MCKH 0161701234'
	@$(TRY) text "$(TEXT)"

inbox: ## On the local stack: the SMS a phone got  PHONE=0912345678
	@$(TRY) inbox "$(PHONE)"

ledger: ## On the local stack: what a citizen was told  CODE=0161701234
	@$(TRY) ledger "$(CODE)"

evening: ## On the local stack: the 17:30 run, now
	@$(TRY) evening

validate: ## sam validate --lint of every template
	@$(LOCAL) validate

outputs: ## The outputs of the local stack
	@$(LOCAL) outputs

lint: ## Formatting, clippy, docs, licences and sources of dependencies, unused dependencies
	@$(LOCAL) lint

package: ## The release build for AWS, each function under 5 MB zipped
	@$(LOCAL) package

deploy: package ## To AWS, asking for the parameters the first time
	.local/tools/sam/bin/sam deploy --guided
