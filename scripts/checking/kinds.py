"""The list of all kinds of suspicion, and the relations that their queries read."""

from __future__ import annotations

from checking.attribute_kinds import ATTRIBUTE_KINDS
from checking.column_kinds import COLUMN_KINDS
from checking.customer_kinds import CUSTOMER_KINDS
from checking.findings import Suspicion
from checking.order_kinds import ORDER_KINDS
from checking.project_models import SCHEMA, ProjectModels
from checking.suspicions import Checked, find_suspicions
from checking.totals import ORDERING
from common.project_sql import Relation
from common.source_contract import Source
from loading.loaded import Loaded

KINDS = (*CUSTOMER_KINDS, *ORDER_KINDS, *COLUMN_KINDS, *ATTRIBUTE_KINDS)
DESCRIBED = Relation(SCHEMA, "described_customers")
KNOWN_IDS = Relation(SCHEMA, "known_customer_ids")
NUMBERS = Relation(SCHEMA, "attribute_numbers")


def suspicions_of(models: ProjectModels, source: Source, loaded: Loaded) -> list[Suspicion]:
    """Return what is suspicious in the rows; `make_accepted_lines` was called before."""
    customer_rows = models.ref("int_customers_validated")
    models.connection.execute(
        f"create table {DESCRIBED} as select distinct customer_id from {customer_rows} "
        "where reason is null and source_table is not null"
    )
    models.connection.execute(
        f"create table {KNOWN_IDS} as select customer_id from {ORDERING} "
        f"union select customer_id from {DESCRIBED} "
        f"union select customer_id from {models.ref('interactions')}"
    )
    number = models.sql.macro("read_number", "value", "has_decimal_comma")
    models.connection.execute(
        f"create table {NUMBERS} as "
        f"select attribute, {number} as number_value, count(*) as customer_count "
        f"from {models.ref('customer_attribute_values')} "
        f"inner join {models.ref('attribute_profiles')} using (attribute) "
        "where is_number group by all"
    )
    found = find_suspicions(Checked(models, source, loaded), KINDS)
    return [*found, *filled_forward(loaded)]


def filled_forward(loaded: Loaded) -> list[Suspicion]:
    """Return what loading filled forward within orders, one for each raw table."""
    return [
        Suspicion(
            "order_fields_filled_forward",
            table.filled.row_count,
            min(column for columns in table.filled.by_file.values() for column in columns),
            table.filled.spoken(),
        )
        for table in loaded.tables
        if table.filled
    ]
