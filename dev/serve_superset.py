"""Serve the dashboards over the published file in Apache Superset on this machine.

    make superset

Superset is set up in .clients, which takes minutes the first time. Its users and charts are kept in
.superset, with the password of the first user and the key that signs cookies. SUPERSET_HOME names
another folder, and BIND another address than 127.0.0.1:8088.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import setup_clients
from common.console import say
from common.program import run
from common.project_root import ROOT
from common.settings import resolve_warehouse
from handover.dashboards import write_bundle

SCRIPTS = ROOT / "examples" / "docker"
HOME = ROOT / ".superset"
BIND = "127.0.0.1:8088"
ADMIN = "admin"


def kept_secrets(home: Path) -> dict[str, str]:
    """Return key and password of a folder, which are made the first time; the owner reads them."""
    file = home / "secrets.json"
    if not file.exists():
        made = {"key": secrets.token_urlsafe(48), "password": secrets.token_urlsafe(12)}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(made, opened)
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def environment(home: Path, bundle: Path, bind: str) -> dict[str, str]:
    """Return the environment of Superset, in which it finds its settings and the dashboards."""
    kept = kept_secrets(home)
    programs = setup_clients.FOLDER / setup_clients.SUPERSET / "bin"
    return os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "FLASK_APP": "superset.app:create_app()",
        "SUPERSET_CONFIG_PATH": str(SCRIPTS / "superset_config.py"),
        "SUPERSET_HOME": str(home),
        "SUPERSET_SECRET_KEY": kept["key"],
        "ADMIN_NAME": ADMIN,
        "ADMIN_PASSWORD": kept["password"],
        "BUNDLE": str(bundle),
        "BIND": bind,
    }


def main() -> int:
    """Set up what is missing and become the server."""
    bundle = write_bundle(resolve_warehouse())
    setup_clients.set_up([setup_clients.SUPERSET])
    home = Path(os.environ.get("SUPERSET_HOME") or HOME)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    bind = os.environ.get("BIND") or BIND
    say(f"Superset: http://{bind} in a minute, user {ADMIN}, password in {home / 'secrets.json'}")
    sys.stdout.flush()
    program = str(SCRIPTS / "superset.sh")
    os.execve(program, [program], environment(home, bundle, bind))


if __name__ == "__main__":
    sys.exit(run(main))
