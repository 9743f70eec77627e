"""What a run was made with: the same text wherever lock and CPU type are the same."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

from settings import ROOT

LEARNING_PACKAGES = ("numpy", "pyarrow", "scikit-learn")


def environment_text() -> str:
    """Return Python, the learning packages, the CPU type and the lock's hash."""
    packages = [f"{name} {version(name)}" for name in LEARNING_PACKAGES]
    lock = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()[:12]
    parts = [
        f"python {platform.python_version()}",
        *packages,
        f"cpu {platform.machine()}",
        f"lock {lock}",
    ]
    return "; ".join(parts)
