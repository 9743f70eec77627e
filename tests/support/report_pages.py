"""Published files to write pages of, and reading pages as a browser would take them in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import duckdb

from common.quoting import identifier
from shops import Built

HOSTILE = "<script>window.hostile = 1; alert(1)</script>"
HOSTILE_NAME = '"><img src=x onerror="window.hostile = 2"></script><!-- & \'quoted\''
EIGHT = 8

Connection = duckdb.DuckDBPyConnection


def edited(shop: Built, folder: Path, edit: Callable[[Connection], None]) -> Path:
    """Return a copy of the shop's published file, edited; first of all its groups are large."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "marts.duckdb"
    shutil.copyfile(shop.marts, target)
    with duckdb.connect(target) as connection:
        make_large(connection)
        edit(connection)
    return target


def make_large(connection: Connection) -> None:
    """Have the page show all of the shop, though most groups in it are small."""
    connection.execute("update segment_summary set customer_count = greatest(customer_count, 5)")
    for table in ("movement", "engagement", "category_affinity", "grid", "trends"):
        connection.execute(f"update segment_{table} set is_small_group = false")


def make_hostile(connection: Connection) -> None:
    """Put markup into every text that data or people may have chosen."""
    name = {"name": HOSTILE_NAME}
    for table in (
        "customer_segments",
        "segment_grid",
        "segment_playbook",
        "segment_summary",
        "segment_yield",
    ):
        connection.execute(f"update {table} set segment_name = $name", name)
    for table, column in (
        ("segment_demographics", "attribute"),
        ("segment_demographics", "value"),
        ("segment_category_affinity", "category_label"),
        ("segment_engagement", "campaign_id"),
        ("segment_engagement", "channel"),
        ("segment_profiles", "label"),
        ("segment_playbook", "offer"),
        ("segment_playbook", "lead_items"),
        ("segment_playbook", "avoid"),
        ("segment_category_affinity", "main_items"),
        ("segment_summary", "description"),
        ("segmentation_runs", "source"),
        ("data_quality", "source_table"),
    ):
        connection.execute(
            f"update {table} set {column} = $text || {column} where {column} not like '(%'",
            {"text": HOSTILE},
        )


def make_eight_segments(connection: Connection) -> None:
    """Give every mart eight segments: those there are, and copies of the first."""
    tables = connection.execute(
        "select table_name from duckdb_columns() where schema_name = 'main' "
        "and column_name = 'segment_id' and table_name like 'segment_%' "
        "and table_name in (select table_name from duckdb_tables()) order by table_name"
    ).fetchall()
    present = {
        row[0] for row in connection.execute("select segment_id from segment_summary").fetchall()
    }
    first = min(present)
    for number in set(range(1, EIGHT + 1)) - present:
        for (table,) in tables:
            connection.execute(
                f"insert into {identifier(table)} select * replace ($number as segment_id) "
                f"from {identifier(table)} where segment_id = $first",
                {"number": number, "first": first},
            )
        connection.execute(
            "insert into customer_segments select * replace ($number as segment_id, "
            "customer_id || '-' || $number as customer_id) from customer_segments "
            "where segment_id = $first",
            {"number": number, "first": first},
        )


def make_short(connection: Connection) -> None:
    """Leave what data too short to follow customers would give."""
    connection.execute("delete from segment_yield")
    connection.execute("delete from segment_baselines")
    connection.execute("delete from segment_movement")
    connection.execute("update segment_playbook set yield_basis = 'current_window'")
    connection.execute(
        "update segment_summary set future_spend_per_customer = null, relative_growth = null, "
        "growth_direction = null, future_spend_rank = null"
    )


def make_orderless(connection: Connection) -> None:
    """Leave what a source with one row per customer gives."""
    make_short(connection)
    for table in (
        "segment_category_affinity",
        "segment_engagement",
        "segment_grid",
        "segment_trends",
        "segment_lift",
        "segment_playbook",
    ):
        connection.execute(f"delete from {table}")
    connection.execute(
        "update segment_summary set spend = 0, spend_share = null, spend_per_customer = 0, "
        "orders_per_customer = 0, strategy = null, mean_days_since_last_order = null"
    )
    connection.execute(
        "update segmentation_runs set order_line_count = 0, first_order_date = null, "
        "last_order_date = null, last_gap_days = null"
    )


@dataclass
class Element:
    """An element with its attributes, children and texts in order."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        """Return the elements inside with these tags, in order; all of them without tags."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    found.append(child)
                found += child.all(*tags)
        return found

    def of_class(self, name: str) -> list[Element]:
        """Return the elements inside of this class."""
        return [e for e in self.all() if name in (e.attributes.get("class") or "").split()]

    @property
    def text(self) -> str:
        """All text inside."""
        return "".join(c if isinstance(c, str) else c.text for c in self.children)


class Reader(HTMLParser):
    """Reads a page into elements; an element that is not closed, or closed twice, is an error."""

    EMPTY = frozenset(("meta", "br", "img", "link", "hr", "input"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        self._open[-1].children.append(element)
        if tag not in self.EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(page: str) -> Element:
    """Return the root of a page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader._open == [reader.root], "an element is not closed"
    return reader.root


def policy_of(root: Element) -> dict[str, list[str]]:
    """Return the content security policy of a page, by directive."""
    (meta,) = [m for m in root.all("meta") if "http-equiv" in m.attributes]
    parts = (part.split() for part in meta.attributes["content"].split("; "))
    return {name: values for name, *values in parts}
