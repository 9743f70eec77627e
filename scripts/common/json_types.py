"""Names for what is read from JSON and YAML, and written as JSON."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""An object: its values by name."""
