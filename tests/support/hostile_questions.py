"""SQL that an agent must not get away with, and what the refusal says of it."""

from __future__ import annotations

# What writes, reads other files, reaches out, or changes the limits.
REFUSED = {
    "create table main.mine as select 1 as a": "read-only",
    "create or replace view main.mine as select 1 as a": "read-only",
    "create or replace macro main.explain_customer(customer) as 1": "read-only",
    "insert into segment_summary (segment_id) values (99)": "read-only",
    "update segment_summary set segment_name = 'mine'": "read-only",
    "delete from customer_segments": "read-only",
    "drop table customer_segments": "read-only",
    "alter table segment_summary rename to mine": "read-only",
    "comment on table segment_summary is 'mine'": "read-only",
    "select 1; drop table history.assignments": "read-only",
    "attach '/tmp/mine.duckdb' as mine": "disabled",
    "attach 'marts.duckdb' as mine": "disabled",
    "copy customer_segments to '/tmp/mine.csv'": "disabled",
    "copy customer_segments to '/dev/stdout'": "disabled",
    "copy (select 1) to 'mine.parquet' (format parquet)": "disabled",
    "export database '/tmp/mine'": "disabled",
    "import database '/tmp/mine'": "disabled",
    "install httpfs": "disabled",
    "load httpfs": "disabled",
    "from read_csv('/etc/passwd')": "disabled",
    "from read_text('/etc/passwd')": "disabled",
    "from read_blob('/proc/self/environ')": "disabled",
    "from read_parquet('https://example.com/a.parquet')": "disabled",
    "from '/etc/passwd'": "does not exist",
    "from glob('/*')": "disabled",
    "set enable_external_access = true": "locked",
    "set memory_limit = '100GB'": "locked",
    "reset temp_directory": "locked",
    "pragma threads = 64": "locked",
    "set lock_configuration = false": "locked",
    "selec 1": "syntax error",
    "": "no SQL",
}
# What takes all the memory there is, though DuckDB's own limit counts none of it.
TOO_LARGE = (
    "select length(repeat('x', 4000000000))",
    "select len(range(400000000))",
    "select list(a.range) from range(100000) as a, range(100000) as b",
)
ENDLESS = (
    "select count(*) from range(1000000) as a, range(1000000) as b "
    "where (a.range * b.range) % 7 = 8"
)
