# Throughline: `make serve` and `make test` do all their own set-up and may be run again and again.
# Needed: python3 (3.11.2 or newer) with pip, and make. Everything made lands in .venv, .tools and var.

PYTHON ?= python3
PY := .venv/bin/python
UV := .tools/bin/uv
SOURCES := $(wildcard .ci config state channels tools bot playground examples tests evals bench)

export PIP_ROOT_USER_ACTION := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# uv trusts what the machine trusts, as pip does: a company's own certificates stand in the system's store.
export UV_SYSTEM_CERTS ?= true
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# An environment whose interpreter went away (an upgrade, a moved folder) is made again.
ifneq ($(wildcard .venv),)
ifneq ($(shell $(PY) -c 'print(1)' 2>/dev/null),1)
$(shell rm -f .venv/.made .venv/.run .venv/.dev)
endif
endif

# Pure modules are tested down to the last branch; the rest may only get better (raise COVERED when it does).
PURE := config/rules.py,config/tuning.py,config/values.py,state/errors.py,state/events.py,state/identity.py,$\
  state/messages.py,state/reducers.py,state/session.py,channels/render.py,$\
  tools/policy.py,tools/meeting_times.py,tools/company_facts.py,bot/decisions.py,bot/sales_decisions.py,bot/redact.py,$\
  bot/reading.py,bot/dispute_decisions.py,bot/address_decisions.py,bot/plan_decisions.py
COVERED := 85

.PHONY: help serve test check coverage format lock clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | expand -t 11

serve: .venv/.run  ## set up and start everything: http://localhost:8080, no key needed (Ctrl-C stops)
	@echo "starting Throughline (Ctrl-C stops it)"
	@exec $(PY) -m bot serve

test: .venv/.dev  ## set up, then every check and every test
	@.ci/system-packages
	@$(PY) .ci/gate.py

check: .venv/.dev  ## the checks without the tests: format, lint, types, imports, shape
	@$(PY) .ci/gate.py --static

coverage: .venv/.dev  ## run the tests and fail where too little of the code is exercised
	@$(PY) -m pytest -q -n 2 --dist loadgroup --cov --cov-report=
	@$(PY) -m coverage report --skip-covered --fail-under=$(COVERED)
	@$(PY) -m coverage report --include=$(PURE) --fail-under=100 --show-missing

format: .venv/.dev  ## rewrite the sources in the house format
	@$(PY) -m ruff format $(SOURCES)
	@$(PY) -m ruff check --fix-only --quiet $(SOURCES)

lock: .tools/.tried  ## compile requirements/*.in into hash-locked *.txt (needs uv)
	@.ci/lock $(UV)

clean:  ## remove the environment and the caches, never the data in var
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# --- set-up: each stamp is written only after its step has succeeded ---

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 2))' 2>/dev/null || \
	  { echo "Throughline needs Python 3.11.2 or newer as '$(PYTHON)'; another one: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
	  { echo "pip is missing for '$(PYTHON)'; on Debian and Ubuntu: apt-get install python3-pip"; exit 1; }
	@echo "making the environment in .venv"
	@rm -rf .venv
	@$(PYTHON) -m venv --without-pip .venv
	@touch $@

.tools/.tried: requirements/uv.txt
	@rm -rf .tools && mkdir -p .tools
	@$(PYTHON) -m pip install --quiet --require-hashes --only-binary :all: --target .tools -r $< 2>.tools/uv.log || \
	  echo "uv is not to be had, going on with pip, which takes longer"
	@touch $@

.venv/.run: requirements/base.txt .venv/.made | .tools/.tried
	$(call install,$<,what the server needs)

.venv/.dev: requirements/dev.txt .venv/.run
	$(call install,$<,what the tests need)

# The lock lists every package with its hashes, so nothing is resolved here. What uv cannot reach, such as an index that
# only pip was told of, pip may.
define install
	@echo "installing $(2)"
	@{ [ -x $(UV) ] && $(UV) pip install --quiet --python $(PY) --require-hashes --no-deps -r $(1) 2>.tools/uv.log; } || \
	 { if [ -x $(UV) ]; then echo "uv did not succeed (its words are in .tools/uv.log), going on with pip"; fi; \
	   $(PYTHON) -m pip --python $(PY) install --quiet --require-hashes --no-deps -r $(1); }
	@touch $@
endef
