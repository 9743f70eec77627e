"""Read the published file with every client, old ones too, and compare what they read.

    make clients
    make clients WAREHOUSE=/path/to/a/warehouse

DuckDB from 1.0 on, SQLAlchemy and Node each read every table, comment and macro of the file,
opened directly and attached under another name, read-only. Row counts and checksums of ordered
rows are compared with those of DuckDB 2.0. With --page, the table is written into docs/connect.md.

exit codes:
  0  all read the same, and what does not work is what is known
  1  a client differs
  2  wrong use, or a client is missing
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import FAILED, Problem, count, say, warn
from common.program import run
from common.project_root import ROOT
from common.settings import resolve_warehouse
from publishing.old_names import old_names_schema
from setup_clients import DUCKDBS, FAST, FOLDER, NODE, command, set_up, why_no_node
from store.published_file import not_published

READERS = ROOT / "dev" / "clients"
PAGE = ROOT / "docs" / "connect.md"
BEGIN, END = "<!-- client matrix: make clients -->", "<!-- end of the client matrix -->"
REFERENCE = DUCKDBS[-1]
SECONDS = 3600
MAIN, OLD_NAMES = "main", old_names_schema()
AT_ONCE = 2
HEAD = (
    "client",
    "version",
    "opened directly",
    "attached",
    "comments",
    "`score_customers`",
    "`explain_customer`",
    "`customer_explanations`",
)
# What no client can do, by the macro and the way it is called, and what old ones cannot.
NOWHERE = {"explain_customer, attached"}
OLD = {
    "duckdb-1.0": {
        "score_customers, direct",
        "score_customers, attached",
        "score_customers, used",
        "customer_explanations, attached",
    },
    "duckdb-1.1": {"customer_explanations, attached"},
}
# Schemas whose views an old client finds in an attached file only after `use`; views of other
# schemas than main are those of the old names.
NEEDS_USE = {
    "duckdb-1.0": {MAIN, OLD_NAMES},
    "duckdb-1.1": {MAIN, OLD_NAMES},
    "duckdb-1.2": {OLD_NAMES},
    "duckdb-1.3": {OLD_NAMES},
}
WAYS = {"direct": "direct", "used": "attached, after `use`", "attached": "attached, without `use`"}


@dataclass(frozen=True)
class Read:
    """What one client read of the file."""

    client: str
    version: str
    direct: Mapping[str, Any]
    attached: Mapping[str, Any]
    reflected: Mapping[str, Sequence[str]] | None

    @property
    def macros(self) -> dict[str, Mapping[str, Any]]:
        """Rows and checksum, or error, of every macro in every way it was called."""
        return {**self.direct["macros"], **self.attached["macros"]}


def read_with(client: str, path: Path) -> Read:
    """Have a client read a file.

    Raises:
        Problem: it ended with an error.
    """
    script = {NODE: "node/read.mjs", "sqlalchemy": "read_sqlalchemy.py"}
    finished = subprocess.run(
        [*command(client), str(READERS / script.get(client, "read_duckdb.py")), str(path)],
        cwd=FOLDER / client,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if finished.returncode:
        ending = "\n  ".join(finished.stderr.strip().splitlines()[-5:])
        raise Problem(f"the client {client} cannot read {path}:\n  {ending}")
    found = json.loads(finished.stdout)
    return Read(
        client, found["version"], found["direct"], found["attached"], found.get("reflected")
    )


def read_all(clients: Sequence[str], path: Path) -> list[Read]:
    """Have clients read a file, two at a time.

    Raises:
        Problem: the file is not there, or a client ended with an error.
    """
    if not path.exists():
        raise not_published(path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda client: read_with(client, path.resolve()), clients))


def differences(reads: Sequence[Read]) -> Iterator[str]:
    """Yield what clients read otherwise than the reference, and what works otherwise than known."""
    (reference,) = (read for read in reads if read.client == REFERENCE)
    expected = reference.direct
    for read in reads:
        lacking = NOWHERE | OLD.get(read.client, set())
        for way in ("direct", "attached"):
            found = getattr(read, way)
            yield from _relations(read, way, expected["relations"])
            if found["comments"] != expected["comments"]:
                yield f"{read.client}, {way}: comments differ"
        for call, result in read.macros.items():
            macro = call.partition(",")[0]
            if (call in lacking) != ("error" in result):
                yield f"{read.client}: {call}: {result.get('error', 'works, and was not to')}"
            elif call not in lacking and result != reference.macros[f"{macro}, direct"]:
                yield f"{read.client}: {call}: other rows"
        if read.reflected is not None and set(read.reflected) != set(expected["relations"]):
            other = sorted(set(read.reflected) ^ set(expected["relations"]))
            yield f"{read.client}: reflects other tables: {', '.join(other)}"


def _relations(read: Read, way: str, expected: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables and views that differ; a view that needs `use` must be the same after it."""
    found = getattr(read, way)
    start = f"{read.client}, {way}"
    if set(found["relations"]) != set(expected):
        yield f"{start}: other tables are listed"
    schemas = NEEDS_USE.get(read.client, set()) if way == "attached" else set()
    for name, wanted in expected.items():
        got = found["relations"].get(name, {})
        if wanted["is_view"] and name.partition(".")[0] in schemas:
            if "error" not in got.get("text", {}):
                yield f"{start}: {name}: works, and was not to"
            got = found["relations_used"].get(name, {})
        # Values of JavaScript are not written as Python's: the client of Node only counts them.
        if got.get("text") != wanted["text"] or any(
            got["values"].get(key) != wanted["values"][key] for key in got["values"]
        ):
            yield f"{start}: {name}: {got} instead of {wanted}"


def table(reads: Sequence[Read], faults: Sequence[str]) -> str:
    """Return the matrix in Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for read in reads:
        own = [fault for fault in faults if fault.startswith(read.client)]
        same = {way: _verdict(own, f"{read.client}, {way}: ") for way in ("direct", "attached")}
        comments = "differ" if any("comments" in fault for fault in own) else "all"
        cells = [read.client, read.version, same["direct"], same["attached"], comments]
        cells += [_works(read, macro) for macro in ("score_customers", "explain_customer")]
        lines.append("| " + " | ".join([*cells, _works(read, "customer_explanations")]) + " |")
    return "\n".join(lines)


def _verdict(faults: Sequence[str], start: str) -> str:
    return "differs" if any(fault.startswith(start) for fault in faults) else "same"


def _works(read: Read, macro: str) -> str:
    """Return the ways in which a macro works."""
    works = [words for way, words in WAYS.items() if "error" not in read.macros[f"{macro}, {way}"]]
    if len(works) == len(WAYS):
        return "yes"
    return "; ".join(works) or "no"


def sizes(read: Read) -> str:
    """Return how much a client read."""
    relations = read.direct["relations"].values()
    rows = sum(relation["text"]["rows"] for relation in relations)
    return (
        f"{count(len(relations), 'table')} with {count(rows, 'row')} and "
        f"{count(read.direct['comments']['rows'], 'comment')}"
    )


def write_page(text: str) -> None:
    """Put the matrix in its place in docs/connect.md."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def clients_here() -> tuple[str, ...]:
    """Return the clients that can be had here; a missing Node is reported."""
    reason = why_no_node()
    if reason is None:
        return FAST
    warn(f"Without the client of Node: {reason}")
    return tuple(client for client in FAST if client != NODE)


def main() -> int:
    """Read the published file with all clients, show the matrix, and say what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", action="store_true", help="write the table into docs/connect.md")
    is_page = parser.parse_args().page
    path = resolve_warehouse().marts_db
    clients = clients_here()
    set_up(clients)
    reads = read_all(clients, path)
    faults = list(differences(reads))
    text = table(reads, faults)
    say(f"{path}: {sizes(reads[0])}, read by {count(len(reads), 'client')}")
    say(text)
    if is_page and not faults:
        write_page(text)
    for fault in faults:
        warn(fault)
    return FAILED if faults else 0


if __name__ == "__main__":
    sys.exit(run(main))
