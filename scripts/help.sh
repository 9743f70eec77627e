#!/usr/bin/env bash
# Lists the targets of the Makefile from their `## ` comments, then the settings.
set -euo pipefail

echo "Customer segmentation: raw data in, segments in warehouse/marts.duckdb out."
echo
echo "Targets:"
awk -F ':.*## ' '/^[a-z-]+:.*## / {
    settings = $2
    if (sub(/^.*\[/, "", settings)) sub(/\]$/, "", settings); else settings = ""
    sub(/ \[.*$/, "", $2)
    printf "  make %-10s %s\n", $1, $2
    if (settings != "") printf "  %-15s takes %s\n", "", settings
}' Makefile
echo
echo "Settings, such as make build K=5 AS_OF=2017-12-31:"
# Needs only Python, not the environment.
if ! PYTHONPATH=scripts "${PYTHON:-python3}" -m common.settings 2>/dev/null; then
    echo "  (Python 3.11 or newer is needed to list them)"
fi
cat <<'TEXT'

Other variables:
  PYTHON       Python 3.11 or newer that makes .venv (default: the newest of
               3.13, 3.12 and 3.11 on the PATH)
  PYTEST_ARGS  what to pass to pytest, for make test
  FORCE        FORCE=1 confirms make clean-all, lets make export and make report
               replace OUT, and lets make forget take a customer it does not know
  SEGMENT      number of the segment that make export writes (default: all),
               or that make report writes a one-page brief of
  FORMAT       csv or parquet, for make export (default: csv); table (the first
               100 rows), csv or json, for make query (default: table); text or
               json, for make check (default: text)
  FIELDS       columns for make export, separated by commas (default:
               customer_id, segment_id, segment_name, membership_status and
               member_since_date)
  OUT          file for make export (default: in exports/ of the warehouse)
               or make report (default: report.html in the warehouse)
  HOLDOUT      exclude, include or only: whether make export writes customers
               held out of campaigns (default: exclude)
  SQL          a question for make query, such as SQL="from segment_summary"
  FILE         a file with one, or the name of one of scripts/queries
  CUSTOMER     id of the customer that make forget removes
  WAIT         WAIT=1 waits for another build, rollback or forget in the same
               warehouse, where one would stop with exit code 5
  LOG          LOG=json prints one line of JSON for each stage of make build,
               and problems as JSON to standard error (default: text)
  PSEUDONYM_KEY  in the environment only: key of PSEUDONYMISE, 32 bytes or more
  RUN          kept run that make rollback goes to (default: the one before)

Exit codes of a build: 0 published; 1 failed; 2 a setting that cannot be;
3 published with the stored fit, as the refit was held back; 4 data refused;
5 another build is running. make itself ends with 2 whenever a target fails,
and shows the code as "Error <code>"; for the code itself:
  .venv/bin/python scripts/build.py
TEXT
