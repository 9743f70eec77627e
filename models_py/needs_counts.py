"""What customers bought in a window, as counts: the input of the learning of needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models_py.arrays import Labels, Matrix, Vector
from models_py.errors import LearningError

PRODUCT, SHARE, MEASURE = "product", "share", "measure"
COUNT_TOLERANCE = 1e-9  # parts of a whole that are not whole numbers, such as discounts


@dataclass(frozen=True)
class Definition:
    """A column beside those of products.

    name: the column of the customers table that holds it. trials: for a share, the column with
    the count that the share is of ("lines" or "orders"), `name` then being the part of it. None:
    a measure, used as it is.
    """

    name: str
    block: str
    trials: str | None = None

    @property
    def kind(self) -> str:
        """`share` or `measure`."""
        return MEASURE if self.trials is None else SHARE


@dataclass(frozen=True)
class CustomerCounts:
    """What customers bought in a window, in the order of their ids.

    customer_ids: of the rows. log_spend: float64 (rows), log(1 + spend). lines: float64 (rows),
    lines of all products. products: names, ascending; row, product, count: (entries) a line each
    for a customer, a product of those and a number of lines above 0, by row and product. values,
    trials: float64 (rows x definitions); trials are 1 for measures.
    """

    customer_ids: pa.Array
    log_spend: Vector
    lines: Vector
    products: tuple[str, ...]
    row: Labels
    product: Labels
    count: Vector
    definitions: tuple[Definition, ...]
    values: Matrix
    trials: Matrix

    @classmethod
    def of_tables(
        cls,
        customers: pa.Table,
        bought: pa.Table,
        definitions: Sequence[Definition],
        products: Sequence[str] | None = None,
    ) -> "CustomerCounts":
        """Read counts from tables in any row order.

        customers: customer_id, log_spend, lines and what the definitions name. bought:
        customer_id, product, lines; a row for each customer and product that has a column.
        products: the names that have columns; by default those in `bought`.

        Raises LearningError for customers twice, unknown customers or products, missing values,
        or parts larger than what they are of.
        """
        customers = customers.sort_by("customer_id")
        ids = customers.column("customer_id").combine_chunks()
        if len(pc.unique(ids)) != len(ids):
            raise LearningError("customers: expected one row per customer_id, found several")
        names = sorted(set(bought.column("product").to_pylist()) if products is None else products)
        row = pc.index_in(bought.column("customer_id"), value_set=ids)
        product = pc.index_in(bought.column("product"), value_set=pa.array(names, pa.string()))
        if row.null_count or product.null_count:
            raise LearningError(
                "bought: expected customers and products that have a row or column, found "
                f"{row.null_count} rows of other customers, {product.null_count} of other products"
            )
        row, product = (np.asarray(one, dtype=np.int64) for one in (row, product))
        order = np.lexsort((product, row))
        row, product, count = row[order], product[order], _floats(bought, "lines")[order]
        if ((np.diff(row) == 0) & (np.diff(product) == 0)).any():
            raise LearningError("bought: expected one row per customer and product, found several")
        lines = _floats(customers, "lines")
        held = np.bincount(row, weights=count, minlength=len(ids)).astype(np.float64)
        if (count < 0).any() or _exceeds(held, lines):
            raise LearningError("bought: expected lines from 0 to those of the customer in all")
        values = np.empty((len(ids), len(definitions)))
        trials = np.ones_like(values)
        for at, one in enumerate(definitions):
            values[:, at] = _floats(customers, one.name)
            if one.trials is not None:
                trials[:, at] = _floats(customers, one.trials)
                if (values[:, at] < 0).any() or _exceeds(values[:, at], trials[:, at]):
                    raise LearningError(
                        f"customers: expected {one.name} from 0 to {one.trials}, found it outside"
                    )
        return cls(
            ids,
            _floats(customers, "log_spend"),
            lines,
            tuple(names),
            row,
            product,
            count,
            tuple(definitions),
            values,
            trials,
        )

    def __len__(self) -> int:
        return len(self.customer_ids)

    def take(self, rows: Labels) -> "CustomerCounts":
        """The counts of some rows, whose numbers ascend."""
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.row] >= 0
        return CustomerCounts(
            self.customer_ids.take(pa.array(rows)),
            self.log_spend[rows],
            self.lines[rows],
            self.products,
            place[self.row[kept]],
            self.product[kept],
            self.count[kept],
            self.definitions,
            self.values[rows],
            self.trials[rows],
        )


def _exceeds(part: Vector, whole: Vector) -> bool:
    """Is a part larger than its whole in any row?"""
    return bool((part > whole + COUNT_TOLERANCE).any())


def _floats(table: pa.Table, name: str) -> Vector:
    """A column as float64; raises LearningError where a value is missing or infinite."""
    if name not in table.column_names:
        raise LearningError(f"expected a column {name}, found {', '.join(table.column_names)}")
    values = np.asarray(table.column(name).cast(pa.float64()), dtype=np.float64)
    if not np.isfinite(values).all():
        raise LearningError(f"{name}: expected a finite number in every row, found others")
    return values
