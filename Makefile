# make demo and make test do all of their own set-up, inside this folder; everything else is invoke's.
PYTHON ?= python3
BIN := .venv/bin

MAKEFLAGS += --silent --no-print-directory

export RUFF_CACHE_DIR := $(CURDIR)/build/cache/ruff
# Containers often set it. Then every cloud and every task that a test starts compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

# Each worker takes a file at a time, those that take longest first: tests/conftest.py says which.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile --no-loadscope-reorder --durations 20

.PHONY: help setup demo test test-fast nightly lint console

help:
	echo "make demo       the whole workflow on this machine: data, training, Terraform, state machine, report"
	echo "make test       the checks and the tests"
	echo "make test-fast  those of them that are quick: no cloud, no Terraform, no training; about a minute"
	echo "make nightly    the tests that make test leaves out: SageMaker's SDKs, genuine MXNet, rollbacks, checkov"
	echo "make setup      only the set-up that both begin with: .venv, pinned packages, Terraform"
	echo "make lint       only the checks of style"
	echo
	echo "Another Python: make setup PYTHON=python3.12. All the other tasks: $(BIN)/invoke --list"

setup:
	$(PYTHON) python/bootstrap.py

demo: setup
	$(BIN)/invoke demo $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	"$$($(BIN)/python -m scones.terraform)" fmt -check -recursive terraform

test: lint
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not nightly"

nightly: setup
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m nightly

test-fast: setup
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --numprocesses "$$($(BIN)/python -c "import os; print(os.cpu_count())")" \
		-m "not slow" tests/unit tests/asl/test_definition.py tests/terraform/test_modules.py

# Other people's code in the console, again, from the npm registry. It writes the same bytes: git shows a difference.
VENDOR := $(CURDIR)/python/scones/console/static/vendor
console:
	folder="$$(mktemp -d)" && cd "$$folder" && npm pack --silent @dagrejs/dagre@3.1.3 uplot@1.6.32 >/dev/null && \
	tar xzf dagrejs-dagre-3.1.3.tgz package/dist/dagre.esm.js package/LICENSE && \
	sed '/sourceMappingURL/d' package/dist/dagre.esm.js > $(VENDOR)/dagre.js && \
	{ echo "dagre: layout of directed graphs (@dagrejs/dagre)"; echo; cat package/LICENSE; } > $(VENDOR)/LICENSES.txt && \
	tar xzf uplot-1.6.32.tgz package/dist/uPlot.iife.min.js package/dist/uPlot.min.css package/LICENSE && \
	cp package/dist/uPlot.iife.min.js $(VENDOR)/uplot.js && cp package/dist/uPlot.min.css $(VENDOR)/uplot.css && \
	{ echo; echo "uplot: charts (uPlot)"; echo; cat package/LICENSE; } >> $(VENDOR)/LICENSES.txt && rm -rf "$$folder"
