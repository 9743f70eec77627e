"""JSON as programs export it: arrays, objects within objects, line items, wrappers."""

from __future__ import annotations

import gzip
import json

import pytest

from loading.json_layout import array_within
from tried import EXPECTED, NAMED_EXPECTED, staged, try_load

pytestmark = pytest.mark.inputs

ROWS = [
    {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-01-02", "net_amount": 9.5},
    {"order_id": "o2", "customer_id": "c2", "ordered_at": "2024-03-04", "net_amount": "1"},
]
NAMED_ROWS = [{**ROWS[0], "customer_id": "Zoë & Jürgen €"}, ROWS[1]]
ORDERS = [
    {
        "id": 1001,
        "created_at": "2024-01-02T08:01:00+01:00",
        "customer": {"id": 7001, "address": {"city": "Köln", "geo.lat": 50.9}},
        "tags": ["a", "b"],
        "line_items": [
            {"sku": "tea", "quantity": 3, "price": "120.00", "tax_lines": [{"rate": 0.19}]},
            {"sku": "jam", "quantity": 2, "price": 1234.5, "tax_lines": []},
        ],
    },
    {"id": 1002, "created_at": "2024-03-04T09:00:00+01:00", "customer": None, "line_items": []},
    {
        "id": 1003,
        "created_at": "2024-03-05T09:00:00+01:00",
        "customer": {"id": 7002},
        "line_items": [{"sku": "mug", "quantity": 1, "price": "2.50"}],
    },
]
MAPPING = (
    "_lines: line_items\norder_id: id\ncustomer_id: customer.id\nordered_at: created_at\n"
    "product_id: line_items.sku\nnet_amount: line_items.price * line_items.quantity\n"
)
LINES = [
    ("1001", "7001", "tea", "360.0"),
    ("1001", "7001", "jam", "2469.0"),
    ("1002", None, None, None),
    ("1003", "7002", "mug", "2.5"),
]


def lines_of(tried) -> list[tuple]:
    """Return the order lines that came of ORDERS."""
    assert tried.problem is None, tried.problem
    return tried.query(
        "select order_id, customer_id, product_id, "
        "cast(cast(net_amount as decimal(18, 1)) as varchar) from raw.order_lines "
        "order by _row_number"
    )


def in_lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_layouts_of_json(tmp_path):
    contents = {
        "an array on one line": json.dumps(ROWS),
        "an array, indented": json.dumps(ROWS, indent=2),
        "objects on lines of an array": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
        "objects over several lines": "\n".join(json.dumps(row, indent=1) for row in ROWS),
        "objects beside each other": "".join(map(json.dumps, ROWS)),
        "an object with the array": json.dumps({"object": "list", "data": ROWS, "more": [False]}),
        "a deeper array": json.dumps({"data": {"ids": [1], "orders": ROWS}, "links": [{"a": 1}]}),
        "blank lines above": "\n \n" + json.dumps(ROWS),
        "lines that end as on Windows": in_lines(ROWS).replace("\n", "\r\n"),
    }
    for number, (what, content) in enumerate(contents.items()):
        for packed in (str.encode, lambda text: gzip.compress(text.encode())):
            name = "order_lines.json" + (".gz" if packed is not str.encode else "")
            found = staged(tmp_path / f"{number}{name}", {name: packed(content)})
            assert found == EXPECTED, (what, name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_of_json(tmp_path, encoding):
    for number, content in enumerate(
        (in_lines(NAMED_ROWS), json.dumps({"data": NAMED_ROWS}, ensure_ascii=False))
    ):
        files = {"order_lines.json": content.encode(encoding)}
        assert staged(tmp_path / str(number), files) == NAMED_EXPECTED, content


@pytest.mark.parametrize("wrapped", [False, True])
def test_line_items_become_lines(tmp_path, wrapped):
    content = json.dumps({"orders": ORDERS}, indent=1) if wrapped else in_lines(ORDERS)
    tried = try_load(tmp_path, {"order_lines.json": content, "columns.yml": MAPPING})
    assert lines_of(tried) == LINES
    assert "lines are line_items" in tried.shown


def test_lines_within_elements_of_an_array(tmp_path):
    customers = [{"id": n, "orders": [order]} for n, order in enumerate(ORDERS)]
    mapping = (
        MAPPING.replace(": id", ": orders.id")
        .replace("customer.id", "orders.customer.id")
        .replace("created_at", "orders.created_at")
        .replace("line_items", "orders.line_items")
    )
    files = {"order_lines.jsonl": in_lines(customers), "columns.yml": mapping}
    assert lines_of(try_load(tmp_path, files)) == LINES


def test_a_file_with_one_object_is_a_row_where_its_array_is_named(tmp_path):
    for name in ("order_lines.json", "order_lines.jsonl"):
        files = {name: in_lines(ORDERS[:1]), "columns.yml": MAPPING}
        assert lines_of(try_load(tmp_path / name, files)) == LINES[:2]


def test_names_within_objects_are_paths(tmp_path):
    files = {
        "order_lines.jsonl": in_lines([{**ROWS[0], "customer": {"id": 5}}, ROWS[1]]),
        "customers.json": json.dumps(
            [
                {"customer": {"id": "c1"}, "home": {"city": "Köln", "geo": {"lat": 1.5}}},
                {"customer": {"id": "c2"}, "home": {}, "tags": [1, {"a": 2}]},
                {"customer": {"id": "c3"}, "home": None, "tags": []},
            ]
        ),
    }
    tried = try_load(tmp_path, files)
    assert tried.query('select customer_id, "customer.id" from raw.order_lines order by 1') == [
        ("c1", "5"),
        ("c2", None),
    ]
    names = 'customer_id, "home.city", "home.geo.lat", tags'
    assert tried.query(f"select {names} from raw.customers order by 1") == [
        ("c1", "Köln", "1.5", None),
        ("c2", None, None, '[1,{"a":2}]'),
        ("c3", None, None, "[]"),
    ]


def test_what_is_not_an_object_in_every_row_stays_text(tmp_path):
    rows = [
        {**ROWS[0], "buyer": {"id": 1}, "mixed": [1], "twins": {"a": 1, "A": 2}},
        {**ROWS[1], "buyer": "x", "mixed": {"b": 1}, "twins": {"a": 1}},
    ]
    tried = try_load(tmp_path, {"order_lines.jsonl": in_lines(rows)})
    assert tried.query("select buyer, mixed, twins from raw.order_lines order by order_id") == [
        ('{"id":1}', "[1]", '{"a":1,"A":2}'),
        ("x", '{"b":1}', '{"a":1}'),
    ]


def test_an_object_of_very_many_names_stays_text(tmp_path):
    rows = [{**ROWS[0], "prices": {f"day {n}": n for n in range(3_000)}}]
    tried = try_load(tmp_path, {"order_lines.jsonl": in_lines(rows)})
    assert tried.query("select prices like '{%' from raw.order_lines") == [(True,)]


def test_a_column_in_an_array_is_led_to(tmp_path):
    files = {"order_lines.jsonl": in_lines(ORDERS)}
    message = str(try_load(tmp_path / "1", files).problem)
    assert "_lines: line_items in columns.yml makes a row of each element" in message
    files["columns.yml"] = MAPPING.replace("_lines: line_items\n", "")
    assert "_lines: line_items" in str(try_load(tmp_path / "2", files).problem)


@pytest.mark.parametrize(
    ("content", "mapping", "fault"),
    [
        (json.dumps([1, 2]), "", "there is no object with names; expected objects, or one array"),
        (json.dumps([*ROWS, 5]), "", "cannot be read as JSON"),
        (json.dumps(ROWS)[:-9], "", "cannot be read as JSON"),
        ("[" * 100_000, "", "cannot be read as JSON"),
        (json.dumps([{"a": json.loads("[" * 500 + "]" * 500)}]), "", "recursion depth"),
        (in_lines(ORDERS), "_lines: items", "has no items, as _lines: items says; there is"),
        (in_lines(ORDERS), "_lines: customer", "customer is not an array in every object"),
        (in_lines(ORDERS), "_lines: line_items.sku.x", "line_items.sku is not an array"),
    ],
)
def test_json_that_is_refused(tmp_path, content, mapping, fault):
    files = {"order_lines.json": content} | ({"columns.yml": mapping} if mapping else {})
    message = str(try_load(tmp_path, files).problem)
    assert fault in message
    assert str(tmp_path) not in message


def test_an_array_within_an_object_is_found_without_reading_what_is_in_it(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    monkeypatch.setattr("loading.json_layout.HEAD_CHARACTERS", 300)
    monkeypatch.setattr("loading.json_layout.TAIL_BYTES", 200)
    rows = [{"a": "]}", "b": [n, {"c": [{}]}]} for n in range(500)]
    for names in (("data",), ("data", "rows")):
        document = rows
        for name in reversed(names):
            document = {"n": {"m": [1]}, name: document, "more": ["x", {"y": [1]}], "z": "]"}
        path.write_text("\ufeff" + json.dumps(document, indent=1))
        found, begin, end = array_within(path, ())
        assert found == names
        assert json.loads(path.read_bytes()[begin:end]) == rows
