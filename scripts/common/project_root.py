"""Where the project is, and its folder of sources."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGING = Path("dbt_project") / "models" / "staging"
