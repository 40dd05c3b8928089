# Everything a person runs. Needs Python 3.11 or newer and make; the rest is installed by the commands themselves.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help up reset test lint lock bench screenshots

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: ## start Stackyard on this machine, with a local AWS; Ctrl-C stops it
	@$(PYTHON) -m tools.up

reset: ## forget the local Stackyard: its database, its local AWS, its logs
	@$(PYTHON) -m tools.reset

test: ## every check and every tier of tests; TIERS="unit gateway" runs only those
	@$(PYTHON) -m tools.check $(TIERS)

lint: ## the checks that need no test run
	@$(PYTHON) -m tools.check lint

bench: ## measure against the budgets; prints ratios and counts
	@$(PYTHON) -m tools.run bench

screenshots: ## make the README's pictures again
	@$(PYTHON) -m tools.run bench.screenshots

lock: ## pin every package again; UPGRADE=1 moves to the newest versions
	@UPGRADE=$(UPGRADE) $(PYTHON) -m tools.lock
