"""What the docs say of running builds by themselves: units that are valid, lines that are JSON."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from building.build import Clock, is_log_json
from common.console import DATA_REFUSED, WRONG_USE, JsonLines, Problem, say, warn
from common.program import run
from common.project_root import ROOT
from common.settings_table import OTHER_MAKE_VARIABLES, SETTINGS
from shops import clean_environment

TEMPLATES = ROOT / "docs" / "templates" / "operation"
SECONDS = 120


@pytest.fixture
def json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JsonLines, "is_on", True)


def test_one_line_of_json_a_stage(json_lines: None, capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        clock = Clock()
        say("for people")
        with clock.stage("load"):
            clock.note(rows=7)
        with clock.stage("publish"):
            pass
        warn("  look out")
        return 3

    assert run(main) == 3
    shown = capsys.readouterr()
    load, publish, end = (json.loads(line) for line in shown.out.splitlines())
    assert (load["stage"], load["rows"], publish["stage"]) == ("load", 7, "publish")
    assert load["seconds"] >= 0
    assert "rows" not in publish
    assert (end["stage"], end["exit_code"]) == ("end", 3)
    (warning,) = (json.loads(line) for line in shown.err.splitlines())
    assert (warning["level"], warning["message"]) == ("warning", "look out")
    assert all(
        re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["at"]) for line in (load, end)
    )


def test_a_problem_is_json_too(json_lines: None, capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise Problem("no good", DATA_REFUSED)

    assert run(main) == DATA_REFUSED
    shown = capsys.readouterr()
    assert json.loads(shown.out)["exit_code"] == DATA_REFUSED
    assert json.loads(shown.err)["message"] == "Error: no good"


def test_without_it_people_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: say("for people")) == 0
    assert capsys.readouterr().out == "for people\n"


def test_log_is_text_or_json() -> None:
    assert is_log_json({"LOG": "json"})
    assert not is_log_json({"LOG": "text"})
    assert not is_log_json({})
    with pytest.raises(Problem) as caught:
        is_log_json({"LOG": "yes"})
    assert caught.value.exit_code == WRONG_USE


@pytest.mark.parametrize("given", [{"wait": "maybe"}, {"log": "xml"}])
def test_wrong_use_ends_with_2(given: dict[str, str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build.py")],
        env=clean_environment(
            source="own_files", data=tmp_path, warehouse=tmp_path / "warehouse", **given
        ),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == WRONG_USE, ended.stderr
    assert ended.stderr.startswith("Error: ")


def test_units_of_systemd_are_valid(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    files = []
    for path in sorted(TEMPLATES.glob("segmentation.*")):
        # Where the unit looks for the project, there is none here.
        text = path.read_text(encoding="utf-8").replace(
            "/opt/segmentation/.venv/bin/segmentation", "/bin/true"
        )
        files.append(tmp_path / path.name)
        files[-1].write_text(text, encoding="utf-8")
    ended = subprocess.run(
        ["systemd-analyze", "verify", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr.strip()) == (0, "")


def test_units_and_crontab_name_settings_that_there_are() -> None:
    known = {s.name for s in SETTINGS} | {*OTHER_MAKE_VARIABLES}
    service = (TEMPLATES / "segmentation.service").read_text(encoding="utf-8")
    named = [
        word.partition("=")[0]
        for line in re.findall(r"^Environment=(.*)$", service, re.MULTILINE)
        for word in shlex.split(line)
    ]
    crontab = (TEMPLATES / "crontab").read_text(encoding="utf-8")
    named += re.findall(r"\b([A-Z_]+)=", crontab)
    assert len(named) >= 10
    assert set(named) <= known
    (line,) = [line for line in crontab.splitlines() if line and not line.startswith("#")]
    assert "%" not in line


def test_the_crontab_line_runs_as_cron_runs_it(tmp_path: Path) -> None:
    crontab = (TEMPLATES / "crontab").read_text(encoding="utf-8")
    (line,) = [line for line in crontab.splitlines() if line and not line.startswith("#")]
    command = line.split(maxsplit=5)[5]
    command = command.replace("/opt/segmentation", str(ROOT))
    command = command.replace("/srv/segmentation", str(tmp_path))
    program = f"{shlex.quote(sys.executable)} scripts/segmentation.py"
    command = command.replace(".venv/bin/segmentation", program)
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "x"},
        timeout=SECONDS,
        check=False,
    )
    # There is no data: it is refused, in the words and with the code that the docs promise.
    assert ended.returncode == WRONG_USE
    error, end, page = (tmp_path / "build.log").read_text().splitlines()
    assert "there is nothing of this name" in json.loads(error)["message"]
    assert json.loads(end)["exit_code"] == WRONG_USE
    # The page is made from what is published, whatever became of the build; here nothing is.
    assert "nothing is published yet" in page
