"""What dev/benchmark.py measures, one module for each question."""

import sys
from pathlib import Path

# The learning package lies beside this folder, and so do the packages of scripts.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
