"""The browser that the page is tested in: Chromium as the machine has it.

Run as a script, says what to install when there is none, and ends with 2.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import WRONG_USE, Problem, say
from common.program import run

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium() -> str:
    """Return the path of Chromium.

    Raises:
        Problem: it is not on the PATH.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise Problem(
            f"make test-page needs Chromium, and none of {', '.join(NAMES)} is on the PATH; "
            "install it, on Debian with: apt-get install chromium",
            WRONG_USE,
        )
    return found


def main() -> int:
    """Say which browser is used."""
    say(f"Browser: {chromium()}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
