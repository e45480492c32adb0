# Set up, run and test matome. Each target does all it needs from a fresh clone; `make help` lists them.

PYTHON ?= python3
PORT ?= 5000
HOST ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_VERSION := 0.13.9
PIP_AUDIT_VERSION := 2.10.1
HTMX := static/vendor/htmx.min.js
CATALOGUES := matome_app/translations
# Tests run side by side, but for those that take times; where all that are named are of one kind, the other has none (5).
JOBS ?= 2
PYTEST = $(BIN)/python -m pytest $(if $(CI),--no-skips) $(PYTEST_OPTIONS)
NONE := [ $$? -eq 5 ]
FONT := vendor/fonts/BIZUDPGothic-Bold.ttf

# A file and a line for every lock: what is compiled from pyproject.toml, and into what.
COMPILE := $(STAMPS)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' $(LOCK_OPTIONS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev run test lint torture fuzz bench loadtest soak audit audit-dependencies sbom messages lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMPS)/serve $(HTMX) $(FONT) ## make .venv and fetch the page's script and a font (quick when nothing changed)
	@$(BIN)/python -m compileall -q wsgi.py matome_app # the service may not write here: each start would compile all

setup-dev: setup $(STAMPS)/dev ## the same, with what the tests need

run: setup ## set up and serve on 127.0.0.1:5000 (PORT=8000 changes the port; MATOME_* settings pass through)
	$(BIN)/flask run --host $(HOST) --port $(PORT)

lint: setup-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: setup-dev ## set up, check style and types, run every test (TESTS= names some, JOBS= says how many run at once)
	scripts/install-test-packages.sh
	$(MAKE) --no-print-directory lint
	$(PYTEST) --numprocesses $(JOBS) --dist loadfile -m "not alone" $(TESTS) || $(NONE)
	$(PYTEST) -m alone $(TESTS) || $(NONE)

torture: setup-dev ## kill builders and servers 200 times, do extremes, write docs/reliability.md (ROUNDS= SEED= CONTENT=)
	scripts/install-test-packages.sh torture
	$(BIN)/python -m tests.faults.torture $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(CONTENT),--content $(CONTENT)) $(TORTURE_OPTIONS)

fuzz: setup-dev ## the fuzz tests at length (FUZZ_EXAMPLES= of Schemathesis, FUZZ_REQUESTS= FUZZ_SEED=)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),300) FUZZ_REQUESTS=$(or $(FUZZ_REQUESTS),100000) \
		FUZZ_SEED=$(or $(FUZZ_SEED),1) $(PYTEST) tests/fuzz

bench: setup $(STAMPS)/bench ## run the benchmarks, and write docs/benchmarks.md (BENCH_OPTIONS=--quick measures a sample)
	$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

loadtest: setup-dev ## have wrk load nginx and gunicorn, beside Datasette, and write docs/benchmarks.md (LOAD_OPTIONS=)
	scripts/install-test-packages.sh
	$(BIN)/python -m benchmarks.load $(LOAD_OPTIONS)

soak: setup-dev ## visit and change the site for ten minutes, and write docs/benchmarks.md (SOAK_OPTIONS="--minutes 2")
	scripts/install-test-packages.sh
	$(BIN)/python -m benchmarks.soak $(SOAK_OPTIONS)

audit: setup $(STAMPS)/audit ## have the Nu HTML checker and Lighthouse judge the pages, and write docs/audit.md (AUDIT_OPTIONS=)
	scripts/install-test-packages.sh audit
	$(BIN)/python -m audit $(AUDIT_OPTIONS)

sbom: setup-dev ## write build/sbom.json: what a site is made of (CycloneDX), with hashes and licences
	$(BIN)/python scripts/make_sbom.py

audit-dependencies: $(STAMPS)/pip-audit/bin/pip-audit ## ask PyPI whether anything locked is known to be unsafe
	$(STAMPS)/pip-audit/bin/pip-audit --strict --require-hashes --disable-pip $(AUDIT_DEPENDENCIES_OPTIONS) \
		-r requirements-dev.txt -r requirements-node.txt

messages: setup ## bring the English texts (a .po file) up to date with the code, and compile them
	@mkdir -p build
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --no-default-keywords \
		--keyword _ --keyword gettext --keyword ngettext:1,2 --keyword N_ --keyword Message \
		--add-location file --sort-by-file --no-wrap --output build/messages.pot matome_app templates
	$(BIN)/pybabel --quiet update --input-file build/messages.pot --output-dir $(CATALOGUES) \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel --quiet compile --directory $(CATALOGUES)

lock: $(STAMPS)/uv/bin/uv ## refresh the lock files (LOCK_OPTIONS=--upgrade takes newer versions)
	$(COMPILE) pyproject.toml --group build --output-file requirements.txt
	$(COMPILE) pyproject.toml --group build --extra dev --extra bench --constraint requirements.txt --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --group build --extra bench --constraint requirements-dev.txt --output-file requirements-bench.txt
	$(COMPILE) --group node --output-file requirements-node.txt
	scripts/npm.sh $(VENV) install --package-lock-only --ignore-scripts
	scripts/npm.sh $(VENV) install --prefix audit --package-lock-only --ignore-scripts

clean: ## remove what make made; the site's data (instance/) stays
	rm -rf $(VENV) node_modules audit/node_modules static/vendor vendor build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The stamps say which lock file was installed last: each is older than its lock only when there is something to do.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "matome needs Python 3.11 or newer, and PYTHON=$(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Name another: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/serve: requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/serve
	$(PIP) install --require-hashes -r requirements-dev.txt
	@mkdir -p $(@D) && touch $@

$(STAMPS)/bench: requirements-bench.txt $(STAMPS)/serve
	$(PIP) install --require-hashes -r requirements-bench.txt
	@mkdir -p $(@D) && touch $@

$(STAMPS)/uv/bin/uv: | $(BIN)/python
	$(BIN)/python -m venv $(STAMPS)/uv
	$(STAMPS)/uv/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)

$(STAMPS)/pip-audit/bin/pip-audit: | $(BIN)/python
	$(BIN)/python -m venv $(STAMPS)/pip-audit
	$(STAMPS)/pip-audit/bin/python -m pip --disable-pip-version-check --quiet install pip-audit==$(PIP_AUDIT_VERSION)

$(STAMPS)/npm: package-lock.json package.json requirements-node.txt | $(BIN)/python
	scripts/npm.sh $(VENV) ci --ignore-scripts --loglevel=error
	@mkdir -p $(@D) && touch $@

# Lighthouse asks for a newer Node than npm does.
$(STAMPS)/audit: audit/package-lock.json audit/package.json requirements-node.txt | $(BIN)/python
	NODE_AT_LEAST=22.19 scripts/npm.sh $(VENV) ci --prefix audit --ignore-scripts --loglevel=error
	@mkdir -p $(@D) && touch $@

$(HTMX): $(STAMPS)/npm
	@mkdir -p $(@D)
	cp node_modules/htmx.org/dist/htmx.min.js $@

$(FONT): $(STAMPS)/npm
	@mkdir -p $(@D)
	cp node_modules/@expo-google-fonts/biz-udpgothic/700Bold/BIZUDPGothic_700Bold.ttf $@
	cp node_modules/@expo-google-fonts/biz-udpgothic/LICENSE_FONT $(@D)/LICENSE
