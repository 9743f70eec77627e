"""What scripts/benchmark.py measures, one module for each question."""

import sys
from pathlib import Path

# Scripts import their neighbours by name; the learning package lies one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
