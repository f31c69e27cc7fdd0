# make demo    run the regime-adaptive example and say where its report is
# make test    run the tests (ARGS="tests/test_validation.py -k gap" to choose)
# make lint    style, types, import rules, documentation
# make soak    the long random tests
# make bench   measure the commands a user waits for
# make bench-peers   measure other engines beside it, each in its own environment (ARGS="--jobs a,b --quick")
# make lock    renew constraints.txt (needs uv)
# make clean   remove what can be made again; runs/ stays

PYTHON ?= python3
VENV ?= .venv
# One more than two cores: a test often waits for a process of its own.
WORKERS ?= 3
ARGS ?=

BIN := $(VENV)/bin
# A Python that was asked for by name is used or refused, never replaced by another.
STRICT := $(if $(filter file,$(origin PYTHON)),,strict)
INPUTS := pyproject.toml constraints.txt scripts/install.sh scripts/find_python.sh

.PHONY: demo test lint soak bench bench-peers lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed-demo
	$(BIN)/tradewind run configs/regime_adaptive.yaml
	@scripts/newest_report.sh runs

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_links.py
	$(BIN)/python scripts/write_reference.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

soak: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

bench: $(VENV)/.installed-test
	$(BIN)/python benchmarks/main_job.py

bench-peers: $(VENV)/.installed-test
	$(BIN)/python benchmarks/peers.py $(ARGS)

lock:
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv: pip install uv"; exit 1; }
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11.5 --upgrade \
		--no-annotate --no-header --quiet --output-file constraints.txt

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find framework plugins strategies tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed-demo: $(INPUTS)
	@scripts/install.sh $(VENV) sample,report,parquet $(PYTHON) $(STRICT)
	@touch $@

$(VENV)/.installed-test: $(INPUTS)
	@scripts/install.sh $(VENV) test $(PYTHON) $(STRICT)
	@touch $(VENV)/.installed-demo $@

$(VENV)/.installed-dev: $(INPUTS)
	@scripts/install.sh $(VENV) dev $(PYTHON) $(STRICT)
	@touch $(VENV)/.installed-demo $(VENV)/.installed-test $@
