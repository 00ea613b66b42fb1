# The list of recipes is the manual: `make` prints it.
SHELL := /bin/sh
VENV := .venv/bin

.PHONY: help up down status test unit e2e check fmt bench schema clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## install what is missing, start a cluster, wait until it is usable
	@tools/setup.sh up
	@$(VENV)/wherry up
	@$(VENV)/wherry images example
	@echo
	@echo "Now try:"
	@echo "  kubectl apply -f examples/hello.yaml"
	@echo "  kubectl get pods -o wide -w"

down: ## stop the cluster and its pods (state is kept)
	@$(VENV)/wherry down

status: ## show what runs
	@$(VENV)/wherry status

test: ## everything: style, types, layers, unit tests, suites, real kubectl and real containers
	@tools/setup.sh test
	@$(MAKE) --no-print-directory check
	$(VENV)/pytest -q

unit: ## the tests that need neither root nor other programs
	@tools/setup.sh test
	$(VENV)/pytest -q -m "not e2e"

e2e: ## the tests that drive real kubectl and real containers
	@tools/setup.sh test
	$(VENV)/pytest -q -m e2e

check: ## style, types and layers
	@tools/setup.sh test
	$(VENV)/ruff format --check -q .
	$(VENV)/ruff check -q .
	$(VENV)/mypy --no-error-summary
	$(VENV)/lint-imports --no-cache >/dev/null || $(VENV)/lint-imports --no-cache

fmt: ## put the code into shape
	$(VENV)/ruff check -q --fix . || true
	$(VENV)/ruff format -q .

bench: ## measure what the project exists for; prints a table, writes bench-results.json
	@tools/setup.sh test
	$(VENV)/python -m bench

schema: ## regenerate schemas, descriptions and views from the development dependencies
	$(VENV)/python tools/gen_schema.py

clean: ## remove what the tools left behind (not the cluster's state)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build bench-results.json
