"""The Makefile: its help, the environment it makes, and what cleaning keeps."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common import project_root
from common.project_root import ROOT
from common.settings_table import OTHER_MAKE_VARIABLES, SETTINGS
from upkeep import setup_environment

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

MAKEFILE = (ROOT / "Makefile").read_text()


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    for setting in SETTINGS:
        inherited.pop(setting.name, None)
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**inherited, "PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that needs no packages."""
    return copy_to(tmp_path / "a project")


def copy_to(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(
        ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    for lock in (
        "requirements.lock",
        "requirements-installer.lock",
        "requirements-dev.lock",
        "requirements-docs.lock",
        "requirements-mcp.lock",
        "requirements-metrics.lock",
        "requirements-activation.lock",
        "requirements-dagster.lock",
    ):
        (folder / lock).write_text("# nothing is needed\n")
    (folder / project_root.STAGING / "complete_journey").mkdir(parents=True)
    return folder


def old_python(folder: Path) -> Path:
    """A Python that says it is 3.9: it runs the script with another version number."""
    script = folder / "python3.9"
    script.write_text(
        "#!/usr/bin/env python3\n"
        "import os, runpy, sys\n"
        "sys.version_info = (3, 9, 18)\n"
        "sys.argv = sys.argv[1:]\n"
        "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    script.chmod(0o755)
    return script


def test_help_is_the_default_and_lists_every_target() -> None:
    shown = make(ROOT).stdout
    assert shown == make(ROOT, "help").stdout
    stated = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)[1]
    targets = stated.replace("\\", "").split()
    assert set(targets) == set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for target in targets:
        assert re.search(rf"^  make {target} +\S", shown, re.MULTILINE), target


def test_help_lists_every_setting_and_make_passes_it_on() -> None:
    shown = make(ROOT, "help").stdout
    passed = re.search(r"^VARIABLES := ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)[1]
    names = [s.name for s in SETTINGS] + [n for n in OTHER_MAKE_VARIABLES if n != "PYTHON"]
    assert passed.replace("\\", "").split() == names
    for name in [*names, "PYTHON"]:
        assert re.search(rf"^  {name} +\S", shown, re.MULTILINE), name
    assert all(len(line) <= 82 for line in shown.splitlines())


def test_settings_arrive_as_they_were_given(project: Path) -> None:
    (project / "Makefile").write_text(MAKEFILE + '\nshow:\n\t@printf "%s\\n" "$$DATA"\n')
    given = '/it\'s $HOME/$(shell touch pasted)`touch pasted`; touch pasted "x"'
    assert make(project, "show", f"DATA={given}").stdout == given + "\n"
    assert make(project, "show", DATA=given).stdout == given + "\n"
    assert not (project / "pasted").exists()


def test_a_mistyped_setting_is_refused(project: Path) -> None:
    ended = make(project, "clean", "WAREHOSE=x")
    assert ended.returncode == 2
    assert "did you mean WAREHOUSE?" in ended.stderr


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """A project whose set-up was interrupted, and its next set-up, which takes seconds."""
    folder = copy_to(tmp_path_factory.mktemp("mended") / "a project")
    # There is a Python, but the stamp that comes last is not there.
    left = folder / ".venv" / "bin" / "python"
    left.parent.mkdir(parents=True)
    left.symlink_to("/bin/true")
    return folder, make(folder, "setup")


def test_set_up_mends_what_is_half_made_and_then_does_nothing(
    mended: tuple[Path, subprocess.CompletedProcess],
) -> None:
    project, first = mended
    assert first.returncode == 0, first.stderr
    assert "Setting up .venv" in first.stderr
    assert first.stdout == ""
    stamp = project / ".venv" / ".lock-sha256"
    assert re.fullmatch(r"[0-9a-f]{64}\n", stamp.read_text())
    (project / "requirements.lock").touch()
    again = make(project, "setup")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.parametrize("tools", ["dev", "docs", "mcp", "metrics", "activation", "dagster"])
def test_tools_are_added_to_what_builds_use(
    mended: tuple[Path, subprocess.CompletedProcess], tools: str
) -> None:
    project, _ = mended
    venv = project / ".venv"
    assert not (venv / f".{tools}-lock-sha256").exists()
    (venv / "kept").touch()
    added = make(project, f"setup-{tools}")
    assert added.returncode == 0, added.stderr
    assert f"requirements-{tools}.lock" in added.stderr
    assert (venv / "kept").exists(), "the environment is added to, not made again"
    again = make(project, f"setup-{tools}")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_package_without_a_wheel_is_refused_in_words(project: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    (index / "built-here").mkdir(parents=True)
    archive = index / "built-here" / "built_here-1.0.tar.gz"
    archive.write_bytes(b"")
    (index / "built-here" / "index.html").write_text(f'<a href="{archive.name}">x</a>')
    digest = hashlib.sha256(b"").hexdigest()
    (project / "requirements.lock").write_text(f"built-here==1.0 --hash=sha256:{digest}\n")
    ended = make(project, "setup", PIP_INDEX_URL=index.as_uri(), PIP_NO_CACHE_DIR="1")
    assert ended.returncode == 2
    assert "Error: built-here==1.0 has no ready-built package (wheel) for Python" in ended.stderr
    assert "PYTHON=/path/to/python3.11" in ended.stderr
    assert not (project / ".venv" / ".lock-sha256").exists()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where set-up believes .venv to be: with a stamp, a lock and a Python that runs."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")
    monkeypatch.setattr(setup_environment, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(setup_environment, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(setup_environment, "STAMP", tmp_path / ".venv" / ".lock-sha256")
    setup_environment.LOCK.write_text("a==1\n")
    setup_environment.STAMP.write_text(setup_environment.lock_hash(setup_environment.LOCK))
    return tmp_path


def test_what_the_environment_links_to_is_left_alone(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = (environment / ".venv").rename(environment / "elsewhere")
    setup_environment.ENVIRONMENT.symlink_to(elsewhere)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SystemExit):
        setup_environment.make()
    assert not setup_environment.ENVIRONMENT.is_symlink()
    assert (elsewhere / "bin" / "python").is_symlink()


def test_packages_are_compiled_but_for_their_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A project may lie in a folder of tests itself.
    environment = tmp_path / "tests" / ".venv"
    packages = environment / "lib" / "python3" / "site-packages"
    for name in ("a/tests/left.py", "a/deep/er/made.py", "a/broken.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("if:" if "broken" in name else "x = 1\n")
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(setup_environment, "ENVIRONMENT", environment)
    setup_environment.compile_packages()
    assert [path.name.partition(".")[0] for path in environment.rglob("*.pyc")] == ["made"]


def is_ready() -> bool:
    return setup_environment.is_installed(setup_environment.LOCK, setup_environment.STAMP)


def test_the_environment_is_ready_while_lock_and_stamp_agree(environment: Path) -> None:
    assert is_ready()
    os.utime(setup_environment.LOCK)
    assert is_ready()
    setup_environment.LOCK.write_text("a==2\n")
    assert not is_ready()
    setup_environment.LOCK.write_text("a==1\n")
    assert is_ready()


@pytest.mark.parametrize("lost", [".lock-sha256", "bin/python"])
def test_the_environment_is_not_ready_when_a_part_is_lost(environment: Path, lost: str) -> None:
    (environment / ".venv" / lost).unlink()
    assert not is_ready()


@pytest.mark.parametrize("target", ["setup", "build", "test", "clean"])
def test_an_old_python_gets_one_clear_line(project: Path, tmp_path: Path, target: str) -> None:
    ended = make(project, target, f"PYTHON={old_python(tmp_path)}")
    assert ended.returncode == 2
    printed = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    assert len(printed) == 1
    assert "Python 3.11 or newer is needed" in printed[0]
    assert "is Python 3.9.18" in printed[0]
    assert not (project / ".venv").exists()


def fill(project: Path) -> tuple[list[Path], list[Path]]:
    """Make what builds make; returns (what is published, what can be made again)."""
    warehouse = project / "warehouse"
    kept = [
        warehouse / "marts.duckdb",
        warehouse / "versions" / "3" / "marts.duckdb",
        warehouse / "exports.duckdb",
        warehouse / "exports" / "all_run_3.csv",
        warehouse / "own_files" / "marts.duckdb",
        warehouse / "own_files" / "build.duckdb",
        warehouse / "README.md",
    ]
    made = [
        warehouse / "build.duckdb",
        warehouse / "build.duckdb.wal",
        warehouse / "dbt" / "target" / "manifest.json",
        warehouse / ".publishing-1" / "marts.duckdb",
        warehouse / "docs.html",
        warehouse / "docs_site" / "index.html",
        warehouse / "report.html",
        warehouse / "report_segment_3.html",
        warehouse / "segment_facts.json",
        warehouse / "superset.zip",
    ]
    for path in (*kept, *made):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    kept[0].chmod(0o444)
    return kept, made


def test_clean_keeps_what_is_published(project: Path) -> None:
    kept, made = fill(project)
    assert make(project, "clean").returncode == 0
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in made)
    assert make(project, "clean").stdout == "nothing to remove\n"


def test_clean_all_needs_force(project: Path) -> None:
    kept, made = fill(project)
    for arguments in ([], ["FORCE="], ["FORCE=0"]):
        ended = make(project, "clean-all", *arguments)
        assert ended.returncode == 2
        assert "make clean-all FORCE=1" in ended.stderr
    assert all(path.exists() for path in (*kept, *made))
    assert make(project, "clean-all", "FORCE=1").returncode == 0
    assert not any(path.exists() for path in (*kept[:4], *made))
    assert all(path.exists() for path in kept[4:])


def test_clean_touches_only_what_builds_make(project: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letters.txt").touch()
    assert make(project, "clean-all", "FORCE=1", f"WAREHOUSE={mine}").returncode == 0
    assert (mine / "letters.txt").exists()
    assert make(project, "clean", f"WAREHOUSE={tmp_path / 'not there'}").returncode == 0
    assert not (tmp_path / "not there").exists()
