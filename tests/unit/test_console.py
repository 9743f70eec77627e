"""What reaches the screen: nothing in the data steers a terminal, and every way there is closed."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import duckdb
import pytest

from common import program
from common.console import (
    FAILED,
    JsonLines,
    LiveLine,
    Problem,
    plain,
    plain_lines,
    record,
    say,
    warn,
)
from common.program import run
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from handover.summary import table_text

# An escape, C1 controls (CSI, OSC), bidirectional overrides and isolates, a mark that has no width,
# a line separator, a tag, a lone surrogate (a byte of a file name that is no UTF-8) and DEL.
STEERING = "\x1b]0;t\x07\x9b2J\x9d\u202e\u2066\u200b\u2028\U000e0041\udc80\x7f\x08\r"
HARMLESS = "Zoë 顧客 🛒 \u00a0\u202f12\u3000%"


def steers(text: str) -> list[str]:
    """Return the characters of an output that a terminal would obey; line ends are its own."""
    kinds = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return [c for c in text if c != "\n" and unicodedata.category(c) in kinds]


def test_every_character_that_steers_is_spelled_out_and_no_other_changes() -> None:
    of_few_planes = (range(0x3100), range(0xD7F0, 0xE010), range(0xFE00, 0x10010), range(0xE0080))
    every = "".join(chr(number) for numbers in of_few_planes for number in numbers[-0x3100:])
    assert not steers(plain(every))
    assert plain(HARMLESS) == HARMLESS
    assert plain("a\x1b\n\u202eb") == r"a\x1b\n\u202eb"
    assert plain_lines("a\tb\n\x9bc") == "a b\n\\x9bc"


def test_lines_messages_problems_and_tracebacks_are_plain(capsys: pytest.CaptureFixture) -> None:
    def ends_with(error: Exception) -> int:
        def main() -> int:
            say(f"said {STEERING}")
            warn(f"warned {STEERING}")
            raise error

        return run(main)

    assert ends_with(Problem(f"problem {STEERING}", 4)) == 4
    assert ends_with(ValueError(f"unforeseen {STEERING}")) == FAILED
    out, err = capsys.readouterr()
    assert "said" in out
    assert all(word in err for word in ("warned", "problem", "unforeseen", "Traceback"))
    assert not steers(out + err)


def test_lines_for_programs_are_plain_json(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JsonLines, "is_on", True)
    record(stage="load", source=STEERING)
    warn(f"two\nlines {STEERING}")
    out, err = capsys.readouterr()
    assert not steers(json.loads(out)["source"])
    assert not steers(json.loads(err)["message"])
    assert json.loads(err)["message"].startswith("two\nlines")


def test_a_stream_of_another_encoding_takes_every_line() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say("Zoë \udc80", stream)
    stream.seek(0)
    assert stream.read() == "Zo\\xeb \\udc80\n"


def test_the_live_line_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    live = LiveLine()
    live.show(f"model {STEERING}")
    live.clear()
    assert not steers(screen.getvalue().replace("\r", ""))


def test_a_cell_of_a_table_begins_no_line_of_its_own() -> None:
    text = table_text(("a\nhead", "b"), [("x\nPublished: all", "y\x1b[2J")], 80)
    assert [line.split() for line in text.splitlines()] == [
        [r"a\nhead", "b"],
        [r"x\nPublished:", "all", r"y\x1b[2J"],
    ]
    assert not steers(text)


def test_every_script_writes_to_the_screen_through_the_console() -> None:
    """No script writes to standard output or error itself.

    What sets up has no data to show, and what reads workbooks answers its parent through a pipe.
    """
    alone = {"console.py", "marts_schema.py", "read_workbook.py"}
    alone |= {"setup_environment.py", "fast_installer.py"}
    streams = ("sys.stdout", "sys.stderr")
    writing = {"print", *(f"{s}.{how}" for s in streams for how in ("write", "writelines"))}
    found = [
        f"{path.name}, line {node.lineno}: {ast.unparse(node.func)}"
        for path in sorted((ROOT / "scripts").rglob("*.py"))
        if path.name not in alone
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in writing
    ]
    assert not found


# --- a query on a terminal, whose values, heads and errors come from the data


@pytest.fixture
def hostile(tmp_path: Path) -> Warehouse:
    """A warehouse whose column, value and error text would steer a terminal."""
    warehouse = Warehouse(tmp_path)
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute('create table t as select ? as "head\x1b[2J\u202e"', [STEERING[:-5]])
    return warehouse


def on_a_terminal(warehouse: Warehouse, **given: str) -> str:
    """Return what `query` writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "query.py")],
        env={**os.environ, "WAREHOUSE": str(warehouse.path), **given},
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        while piece := _read(ours):
            seen += piece
        process.wait()
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # Linux ends a terminal whose other side was closed with an error.
        return b""


@pytest.mark.parametrize(
    "given",
    [
        {"SQL": "from t"},
        {"SQL": "from t", "FORMAT": "csv"},
        {"SQL": "from t", "FORMAT": "json"},
        {"SQL": 'select cast("head\x1b[2J\u202e" as date) from t'},
        {"SQL": "select \x1b[2J\u202e\x9b"},
    ],
)
def test_a_query_on_a_terminal_is_plain(hostile: Warehouse, given: dict[str, str]) -> None:
    seen = on_a_terminal(hostile, **given)
    assert seen.strip()
    assert not steers(seen)


def test_data_into_a_pipe_stays_data(hostile: Warehouse) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "query.py")],
        env={**os.environ, "WAREHOUSE": str(hostile.path), "SQL": "from t", "FORMAT": "csv"},
        capture_output=True,
        check=True,
    )
    assert ended.stdout.decode().splitlines()[0] == "head\x1b[2J\u202e"


# --- being asked to end


def test_a_hang_up_is_ignored_where_it_was_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    }
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        program.stop_on_signals()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        with pytest.raises(program.Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        program.Stopped.is_asked = False
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_library_that_was_interrupted_is_no_fault(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB raises an error of its own where a signal comes while it works."""

    def main() -> int:
        monkeypatch.setattr(program.Stopped, "is_asked", True)
        raise RuntimeError("Query interrupted")

    assert run(main) == FAILED
    assert capsys.readouterr().err == "Stopped. What was published before is untouched.\n"
