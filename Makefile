# Entry point of the project: `make help` lists the targets and their settings.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

# What makes .venv: the newest Python from 3.11 to 3.13; the locked packages come
# ready built for these.
ifndef PYTHON
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
    "$$name" -c "" 2>/dev/null && { command -v "$$name"; break; }; done)
endif
export PYTHON
# Spark has a separate environment, from a separate lock.
VENV := $(if $(filter spark,$(value TARGET)),.venv-spark,.venv)/bin

# Settings reach the scripts by the environment, as they were given: `value`
# keeps make from reading a dollar sign in them.
VARIABLES := SOURCE DATA ID VALUE CURRENCY DEFINITIONS WAREHOUSE AS_OF K REFIT SEED \
    THREADS MEMORY TARGET SPARK_MASTER SPARK_CONF KEEP PSEUDONYMISE DATE_FORMAT DECIMAL \
    MISSING_IDS IDS FULL PYTEST_ARGS FORCE SEGMENT FORMAT FIELDS AUDIENCE LAYOUT CONTACTS \
    CHANGES OUT HOLDOUT RUN SQL FILE CUSTOMER WAIT LOG
$(foreach name,$(VARIABLES),$(if $(value $(name)),$(eval \
    override export $(name) := $$(value $(name)))))

# Cleaning needs no packages, so it does not set up; any Python that is new enough will do.
CHECK_PYTHON = test -n "$$PYTHON" || { \
    echo "Error: Python 3.11 or newer is needed, and none was found on the PATH" >&2; exit 2; }
ANY_PYTHON = "$$(test -x $(VENV)/python && echo $(VENV)/python || echo "$$PYTHON")"

.PHONY: help setup setup-dev setup-docs setup-mcp setup-metrics setup-activation setup-dagster build check load test test-inputs test-builds test-clients test-docs test-spark test-faults test-superset test-evidence \
    test-page test-mcp test-metrics test-activation test-dagster clients lint format docs docs-site summary candidates report workbook deck facts dashboards superset audiences mcp query versions verify rollback export forget clean clean-all

help: ## Show this help
	@scripts/help.sh

setup: ## Create .venv from requirements.lock if missing or changed [PYTHON TARGET]
	@$(CHECK_PYTHON)
	@"$$PYTHON" scripts/setup_environment.py

setup-dev: ## Add the tools for tests and lint to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --dev

setup-docs: ## Add what make docs-site needs to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --docs

setup-mcp: ## Add what make mcp needs to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --mcp

setup-metrics: ## Add what examples/metrics needs to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --metrics

setup-activation: ## Add what examples/activation needs to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --activation

setup-dagster: ## Add what examples/dagster needs to .venv [PYTHON]
	@$(CHECK_PYTHON)
	@TARGET= "$$PYTHON" scripts/setup_environment.py --dagster

build: setup ## Load, model, segment, publish, and show the summary [all settings]
	@$(VENV)/segmentation build

check: setup ## Check data without building: totals, rejected rows, suspicions [DATA SOURCE FORMAT, all settings]
	@$(VENV)/segmentation check

load: setup ## Load the raw data only [SOURCE DATA WAREHOUSE THREADS MEMORY]
	@$(VENV)/segmentation load

test: setup-dev ## Run the tests [PYTEST_ARGS, such as PYTEST_ARGS="-k publish"]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-inputs: setup-dev ## Run the tests that read files of many formats; minutes [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m inputs tests/inputs \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-builds: setup-dev ## Run the tests that need many whole builds or fits; minutes [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m many_builds tests/builds tests/unit \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-clients: setup-dev ## Run the tests of readers and clients of the published file [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m clients tests/clients

test-docs: setup-dev ## Compare the figures in the docs with the published file
	@$(VENV)/python dev/queries_page.py --check

test-page: setup-dev ## Test pages, workbooks and decks, in a browser too; minutes [PYTEST_ARGS]
	@$(VENV)/python dev/browser.py
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m "in_browser or pages" tests/page \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-spark: ## Run the tests on Apache Spark; many minutes, needs Java [PYTEST_ARGS]
	@$(CHECK_PYTHON)
	@TARGET=spark "$$PYTHON" scripts/setup_environment.py --dev
	@TARGET= PYTEST_ADDOPTS="$$PYTEST_ARGS" .venv-spark/bin/python -m pytest -q -m spark tests/spark

test-faults: setup-dev ## Kill builds, build 52 weeks, feed hostile data; 2 hours [PYTEST_ARGS, such as "--kills 5"]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m faults tests/faults \
		-n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-superset: setup-dev ## Run the test of Apache Superset; minutes to set up [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m superset tests/clients

test-evidence: setup-dev ## Build and draw the pages of examples/evidence; needs Node [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m evidence tests/clients

test-mcp: setup-dev setup-mcp ## Test the server for agents with the SDK's client; a minute [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m mcp tests/clients

test-metrics: setup-dev setup-metrics ## Compare metrics of MetricFlow with the marts; a minute [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m metrics tests/clients

test-activation: setup-dev setup-activation ## Run the syncs of drt on exports; a minute [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m activation tests/clients

test-dagster: setup-dev setup-dagster ## Make the assets of examples/dagster; a minute [PYTEST_ARGS]
	@PYTEST_ADDOPTS="$$PYTEST_ARGS" $(VENV)/python -m pytest -q -m dagster tests/clients

clients: setup ## Read the published file with many clients and compare [SOURCE WAREHOUSE]
	@$(VENV)/python dev/client_matrix.py

lint: setup-dev ## Check Python and its types, SQL and YAML; changes nothing
	@$(VENV)/python -m ruff check .
	@$(VENV)/python -m ruff format --check .
	@$(VENV)/python -m mypy
	@$(VENV)/python -m codespell_lib
	@$(VENV)/python -m sqlfluff lint --nocolor --disable-progress-bar --processes 0 dbt_project
	@$(VENV)/python -m yamllint --strict .

format: setup-dev ## Fix what ruff and sqlfluff can fix
	@$(VENV)/python -m ruff check --fix .
	@$(VENV)/python -m ruff format .
	@$(VENV)/python -m sqlfluff fix --nocolor --disable-progress-bar --quiet dbt_project

docs: setup ## Write the lineage and all descriptions to one page, docs.html [SOURCE DATA WAREHOUSE]
	@$(VENV)/segmentation docs

docs-site: docs setup-docs ## Write the docs as a site with dbt's page, docs_site/ [SOURCE WAREHOUSE]
	@$(VENV)/python dev/write_docs_site.py

summary: setup ## Show the summary of what is published [SOURCE WAREHOUSE]
	@$(VENV)/segmentation summary

candidates: setup ## Show the numbers of segments that were tried [FORMAT SOURCE WAREHOUSE]
	@$(VENV)/segmentation candidates

report: setup ## Write the report page, report.html, or a segment's brief [SEGMENT OUT FORCE SOURCE WAREHOUSE]
	@$(VENV)/segmentation report

facts: setup ## Write the facts of the segments as JSON, segment_facts.json [SOURCE WAREHOUSE]
	@$(VENV)/segmentation facts

dashboards: setup ## Write dashboards for Apache Superset, superset.zip [SOURCE WAREHOUSE]
	@$(VENV)/segmentation dashboards

superset: setup ## Serve the dashboards in Superset on this machine [SOURCE WAREHOUSE]
	@$(VENV)/python dev/serve_superset.py

mcp: setup-mcp ## Serve the published file to agents, read-only, over stdio [SOURCE WAREHOUSE]
	@$(VENV)/segmentation mcp

workbook: setup ## Write what the page shows as an Excel workbook, report.xlsx [OUT FORCE SOURCE WAREHOUSE]
	@$(VENV)/segmentation workbook

deck: setup ## Write what the page shows as a PowerPoint deck, report.pptx [OUT FORCE SOURCE WAREHOUSE]
	@$(VENV)/segmentation deck

audiences: setup ## Show the audiences of audiences.csv with their customers [SOURCE WAREHOUSE]
	@$(VENV)/segmentation audiences

export: setup ## Write customers to a file for a campaign tool [SEGMENT AUDIENCE LAYOUT CONTACTS, all of export --help]
	@$(VENV)/segmentation export

query: setup ## Query the published file in SQL, read-only [SQL or FILE, FORMAT SOURCE WAREHOUSE]
	@$(VENV)/segmentation query

versions: setup ## List the kept versions of the published file [SOURCE WAREHOUSE]
	@$(VENV)/segmentation versions

verify: setup ## Verify the checksums of the published file and kept versions [SOURCE WAREHOUSE]
	@$(VENV)/segmentation verify

rollback: setup ## Go back to the previous version and its state, or to RUN [RUN SOURCE WAREHOUSE]
	@$(VENV)/segmentation rollback

forget: setup ## Remove a customer from all that the warehouse holds [CUSTOMER FORCE SOURCE WAREHOUSE]
	@$(VENV)/segmentation forget

clean: ## Remove what a build recreates; keeps published files and .venv [SOURCE WAREHOUSE]
	@$(CHECK_PYTHON)
	@"$$PYTHON" scripts/setup_environment.py --check
	@$(ANY_PYTHON) scripts/clean.py

clean-all: ## Remove published files, history and exports too, and .venv [FORCE=1 SOURCE WAREHOUSE]
	@$(CHECK_PYTHON)
	@"$$PYTHON" scripts/setup_environment.py --check
	@$(ANY_PYTHON) scripts/clean.py --all
