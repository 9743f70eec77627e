#!/bin/sh
# Builds the segments and writes the dashboards over them. 3: published, a refit was held back.
set -eu
cd "$(dirname "$0")/../.."
.venv/bin/segmentation build || [ $? -eq 3 ]
exec .venv/bin/segmentation dashboards
