"""Mutations of files, by class: bytes, structure or values. Each takes and gives whole content."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable

from hostile import TEXTS

CLASSES = ("bytes", "structure", "values")


def mutated_bytes(rng: random.Random, content: bytes) -> bytes:
    """Flip, insert, remove, repeat or cut bytes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 50)))
        elif kind == 2:
            del data[at : at + rng.choice((1, 3, 40))]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randrange(80)]
        elif kind == 4:
            del data[at:]
        else:
            data[at:at] = rng.choice((b"\x00", b"\xff", b'"', b"\r", b"\xef\xbb\xbf", b"\x1f\x8b"))
    return bytes(data)


def mutated_structure(rng: random.Random, content: bytes) -> bytes:
    """Move what holds the values: lines, cells, separators, quotes, encoding, indents."""
    text = content.decode("utf-8")
    lines = text.splitlines(keepends=True)
    for _ in range(rng.choice((1, 1, 2, 4))):
        kind, at = rng.randrange(12), rng.randrange(len(lines) or 1)
        if not lines:
            break
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif kind == 2:
            rng.shuffle(lines)
        elif kind == 3:
            lines[at] = lines[at].replace(",", rng.choice((";", "\t", "|", ",,", "")))
        elif kind == 4:
            lines = [line.replace(",", rng.choice(";\t|")) for line in lines]
        elif kind == 5:
            cells = lines[at].split(",")
            rng.shuffle(cells)
            lines[at] = ",".join(cells)
        elif kind == 6:
            lines[at] = (
                rng.choice(("  ", "\t", "- ", "? ", "&a ", "*a ", "!!python/name:os "))
                + (lines[at])
            )
        elif kind == 7:
            lines[at] = lines[at].replace("\n", rng.choice(("\r\n", "\r", "\n\n", "")))
        elif kind == 8:
            lines[at] = rng.choice(('"', "'", "{", "[", "#", "sep=;\n", "\n", "---\n")) + lines[at]
        elif kind == 9:
            lines[0] = lines[0].replace(rng.choice(lines[0].strip().split(",")), rng.choice(TEXTS))
        elif kind == 10:
            lines[at] = lines[at].rstrip("\n") + rng.choice((",", ",,x", ": y", '"', "")) + "\n"
        else:
            lines[at:at] = ["a: " * rng.choice((2, 40)) + "\n"]
    text = "".join(lines)
    encoding = rng.choice(("utf-8",) * 6 + ("utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"))
    data = text.encode(encoding, errors="replace")
    return gzip.compress(data) if rng.random() < 0.05 else data


def mutated_values(rng: random.Random, content: bytes) -> bytes:
    """Put hostile texts where values stand, written as they should be."""
    text = content.decode("utf-8")
    if ": " in text.partition("\n")[0]:
        lines = text.splitlines()
        at = rng.randrange(len(lines))
        name, _, _ = lines[at].partition(":")
        value = rng.choice((*TEXTS, *EXPRESSIONS))
        lines[at] = f"{name}: {json.dumps(value) if rng.random() < 0.7 else value}"
        return "\n".join(lines).encode("utf-8", errors="replace")
    rows = list(csv.reader(io.StringIO(text)))
    for _ in range(rng.choice((1, 2, 6))):
        row = rows[rng.randrange(1, len(rows))]
        row[rng.randrange(len(row))] = rng.choice(TEXTS)
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode("utf-8", errors="replace")


EXPRESSIONS = (
    "read_text('/etc/passwd')",
    "getenv('HOME')",
    "(select 1)",
    "Quantity; drop table x",
    "Quantity / 0",
    "Quantity + Text",
    "((((((Quantity))))))",
    "(" * 200 + "Quantity" + ")" * 200,
    "Quantity * 1e308 * 1e308",
    "coalesce(Quantity, UnitPrice)",
    "cast(Quantity as bigint)",
    "No || Line",
    "Quantity -- x",
    "'a' + 'b'",
    "-Quantity",
    "Quantity * -1",
    "UnitPrice - 0.01",
    "No + ' ' + Line + ' ' + Text",
    "[1, 2]",
    "{a: b}",
    "~",
    "2024",
)
MUTATIONS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bytes": mutated_bytes,
    "structure": mutated_structure,
    "values": mutated_values,
}
