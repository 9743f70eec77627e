"""One guard against formulas in CSV: that of exports and that of questions say the same."""

from __future__ import annotations

import sys
import unicodedata

import duckdb

from common.formulas import FORMULA, guarded, is_formula


def test_both_ways_of_telling_a_formula_agree() -> None:
    # Characters that one of the two may not know yet are left out.
    known = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) != "Cn"
    ]
    texts = [text for c in known if c < "\ud800" or c > "\udfff" for text in (c, f"{c}=1", f"a{c}")]
    with duckdb.connect() as connection:
        (found,) = connection.execute(
            "select list(text) from (select unnest($texts) as text) "
            "where regexp_matches(text, $pattern) ",
            {"texts": texts, "pattern": FORMULA},
        ).fetchone()
    ours = {text for text in texts if is_formula(text)}
    assert {ord(text[0]) for text in ours ^ set(found)} == set()


def test_a_guarded_text_is_no_formula() -> None:
    for text in ("=1+1", " \t@x", "\u200b-2", "\tx", "\uff1d1"):
        assert guarded(text) == "'" + text
        assert not is_formula(guarded(text))
    for text in ("", "a=1", "1-2", "'=1", "\\"):
        assert guarded(text) == text
