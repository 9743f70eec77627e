"""Read a published file through SQLAlchemy and duckdb-engine.

python read_sqlalchemy.py marts.duckdb
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import sqlalchemy
from reading import ALIAS, Query, Rows, identifier, literal, read_attached, read_direct, write
from sqlalchemy.pool import StaticPool


def asker(connection: sqlalchemy.Connection) -> Query:
    """Return the function that asks SQL, past SQLAlchemy's own bind marks.

    SQLAlchemy works in transactions, and a query that fails ends one.
    """

    def query(sql: str) -> Rows:
        try:
            result = connection.exec_driver_sql(sql)
        except sqlalchemy.exc.SQLAlchemyError:
            connection.rollback()
            raise
        if sql.startswith("select"):
            return (tuple(row) for row in result)
        connection.commit()
        return []

    return query


def reflected(engine: sqlalchemy.Engine) -> dict[str, list[str]]:
    """Return what SQLAlchemy finds of itself: columns of each table and view by schema."""
    inspector = sqlalchemy.inspect(engine)
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        schemas = (
            connection.exec_driver_sql(
                "select distinct schema_name from duckdb_columns() "
                "where database_name = current_database() and not internal order by schema_name"
            )
            .scalars()
            .all()
        )
    for schema in schemas:
        names = inspector.get_table_names(schema=schema) + inspector.get_view_names(schema=schema)
        for name in names:
            columns = inspector.get_columns(name, schema=schema)
            found[f"{schema}.{name}"] = [column["name"] for column in columns]
    return found


def main(path: str) -> None:
    """Read the file directly, then attached."""
    url = sqlalchemy.URL.create("duckdb", database=path)
    engine = sqlalchemy.create_engine(url, connect_args={"read_only": True})
    found = reflected(engine)
    with engine.connect() as connection:
        direct = read_direct(asker(connection))
    engine.dispose()
    memory = sqlalchemy.create_engine("duckdb:///:memory:", poolclass=StaticPool)
    with memory.connect() as connection:
        query = asker(connection)
        query(f"attach {literal(path)} as {identifier(ALIAS)} (read_only)")
        attached = read_attached(query)
    write(
        {
            "version": f"{version('sqlalchemy')}, {version('duckdb-engine')}, {version('duckdb')}",
            "direct": direct,
            "attached": attached,
            "reflected": found,
        }
    )


if __name__ == "__main__":
    main(sys.argv[1])
