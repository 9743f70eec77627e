"""What a run was made with: the same text wherever lock and CPU type are the same."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version

from common.project_root import ROOT

LEARNING_PACKAGES = ("numpy", "pyarrow", "scikit-learn")


@cache
def learning_packages() -> tuple[str, ...]:
    """Return the learning packages with their versions, which stay while a process runs."""
    return tuple(f"{name} {version(name)}" for name in LEARNING_PACKAGES)


def environment_text() -> str:
    """Return Python, the learning packages, the CPU type and the lock's hash."""
    lock = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()[:12]
    parts = [
        f"python {platform.python_version()}",
        *learning_packages(),
        f"cpu {platform.machine()}",
        f"lock {lock}",
    ]
    return "; ".join(parts)
