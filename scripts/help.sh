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
    printf "  make %-12s %s\n", $1, $2
    if (settings != "") printf "  %-17s takes %s\n", "", settings
}' Makefile
echo
# Needs only Python, not the environment.
if ! PYTHONPATH=scripts "${PYTHON:-python3}" -m common.settings 2>/dev/null; then
    echo "Settings: Python 3.11 or newer is needed to list them"
fi
cat <<'TEXT'
  PYTHON        Python 3.11 or newer to create .venv with (default: the newest of
                3.13, 3.12 and 3.11 on the PATH)
  PYTEST_ARGS   options for pytest, for make test
  PSEUDONYM_KEY  in the environment only: key of PSEUDONYMISE, 32 bytes or more

The same on the command line: .venv/bin/segmentation build --k 5, and
.venv/bin/segmentation --help.

Exit codes of a build: 0 published; 1 failed; 2 an invalid setting;
3 published with the stored fit because the refit was held back; 4 data refused;
5 another build is running. make itself ends with 2 whenever a target fails,
and shows the code as "Error <code>". To get the code itself:
  .venv/bin/segmentation build
TEXT
