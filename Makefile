# make demo: from a fresh clone to an exported model. make test: the tests. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Named by this folder: the programs of an environment hold its path, so one that was moved is made anew
STAMP := $(VENV)/.installed-$(firstword $(shell pwd | cksum))
# Stages of dvc.yaml and the tests call kirie, dvc and ruff by name
export PATH := $(CURDIR)/$(BIN):$(PATH)
# DVC reports home otherwise
export DVC_NO_ANALYTICS := 1

# The built page of the board. Files a build leaves behind are no sources
PAGE := src/kirie/web/page/index.html
PAGE_SOURCES := $(shell find src/page -name node_modules -prune -o -type f -print)
PAGE_PACKAGES := src/page/node_modules/.package-lock.json

.PHONY: demo setup page test test-long test-slurm test-page check format lock clean slurm-local slurm-stop

demo: setup
	@$(BIN)/python -m dvc pull --quiet data.dvc
	@$(BIN)/python -m dvc repro
	@$(BIN)/kirie report

# Without npm's packages all works but `kirie board` and the pipeline's report, which say so
setup: $(STAMP)
	@$(MAKE) --no-print-directory page || echo "The page of kirie board was not built: npm failed, see above. \`make page\` tries again." >&2

page: $(PAGE)

# Bytecode is compiled here: where Python is told to write none, every command would compile torch anew, 8 s each time
# A lock newer than the stamp installs again, an older one costs nothing
$(STAMP): requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kirie needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Use: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@for stamp in $(VENV)/.installed-*; do test "$$stamp" = $(STAMP) || test ! -e "$$stamp" || rm -rf $(VENV); done
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@echo "installing the lock into $(VENV) (about 6 GB with torch) ..."
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

# A build takes seconds; sources that are newer build it again
$(PAGE): $(PAGE_SOURCES) $(PAGE_PACKAGES) | $(STAMP)
	@echo "building the page of the board ..."
	@src/page/npm run --silent build -- --logLevel warn

$(PAGE_PACKAGES): src/page/package-lock.json | $(STAMP)
	@src/page/npm ci --no-audit --no-fund --fetch-retries 1 --loglevel error
	@touch $@

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not long"

# What `make test` leaves out for its time: the architectures' exports but for one, and the like
test-long: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m long

# Against a real SLURM, the throw-away one; there a test that cannot run is a failure. `make test` leaves these out
test-slurm: setup
	@where=$$(slurm/local/start) && eval "$$where" && KIRIE_TEST_SLURM=1 $(BIN)/python -m pytest tests/slurm -n 2 --dist loadgroup -q

# The board's page in the machine's Chromium; there a test that cannot run is a failure. `make test` runs them where there is one
test-page: setup
	src/page/npm run --silent test
	KIRIE_TEST_BROWSER=1 $(BIN)/python -m pytest tests/board/browser -q

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	src/page/npm run --silent check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	src/page/npm run --silent format

lock: setup
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url --extra train --extra notebook --extra cluster --extra dev pyproject.toml --output-file requirements.lock
	echo uv | $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url --constraints requirements.lock - --output-file requirements-uv.lock

# A throw-away two-node SLURM on this machine, and its end; both need root. See slurm/local/
slurm-local:
	@slurm/local/start

slurm-stop:
	@slurm/local/stop

clean:
	rm -rf out runs $(VENV) src/page/node_modules src/kirie/web/page
