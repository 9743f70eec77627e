"""Reading the project: nodes of the manifest, and the files in version control."""

import subprocess

from shops import ROOT

PROJECT = ROOT / "dbt_project"
MODELS = PROJECT / "models"


def layer(node):
    return node["fqn"][1]


def relation(node):
    return node["schema"], node["alias"]


def project_files():
    """Files that are in version control or will be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    skipped = {".venv", ".venv-spark", ".git", "warehouse", "target", "__pycache__"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not skipped & set(p.parts)]
