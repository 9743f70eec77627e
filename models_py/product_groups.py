"""Groups of products that the same customers buy.

Shares of lines are shrunk to the shop's mean by the customer's own count and rooted, how much a
customer buys is taken out, and products are joined by Ward's method on 2 (1 - r), r the correlation
over customers: products of a group are bought by the same people, though not at the same time.
Measured in docs/quality.md.
"""

from dataclasses import dataclass

import numpy as np

from models_py.arrays import Labels, Matrix, Vector
from models_py.needs_learning import LEAST_DEVIATION, prior_count

GROUPS, GROUPS_FROM = 12, 60  # so many groups from so many items on, a fifth of them below
LEAST_ITEMS, LEAST_GROUPS = 20, 4
LEAST_CUSTOMERS = 200
ROUNDED = 9  # decimals of a correlation: the last bits depend on the machine


@dataclass(frozen=True)
class Level:
    """What is grouped: products, or the sub-categories they are in.

    least_buyers: share of customers; correlations of rarer items are noise. most: items, the ones
    that most customers buy.
    """

    name: str
    least_buyers: float
    most: int


PRODUCTS = Level("product", 0.02, 500)
SUBCATEGORIES = Level("subcategory", 0.05, 250)


@dataclass(frozen=True)
class Purchases:
    """Lines of customers and items, of purchases only.

    customers, items: (pairs) numbers from 0, each pair once. lines: (pairs). all_lines:
    (customers) lines of anything.
    """

    customers: Labels
    items: Labels
    lines: Vector
    all_lines: Vector

    @classmethod
    def of(cls, customers: Vector, items: Labels, lines: Vector) -> "Purchases":
        """Purchases of customers by any key and items by number, -1 for none of them."""
        _, rows = np.unique(customers, return_inverse=True)
        all_lines: Vector = np.bincount(rows, weights=lines).astype(np.float64)
        is_item = items >= 0
        width = int(items.max(initial=0)) + 1
        pairs, places = np.unique(rows[is_item] * width + items[is_item], return_inverse=True)
        summed: Vector = np.bincount(places, lines[is_item], len(pairs)).astype(np.float64)
        return cls(pairs // width, pairs % width, summed, all_lines)

    def counts(self, chosen: Labels) -> Matrix:
        """Lines of each customer of the chosen items (customers x chosen)."""
        place = np.full(int(self.items.max()) + 1, -1)
        place[chosen] = np.arange(len(chosen))
        found = np.zeros((len(self.all_lines), len(chosen)))
        at = place[self.items]
        is_chosen = at >= 0
        found[self.customers[is_chosen], at[is_chosen]] = self.lines[is_chosen]
        return found

    def of_items(self) -> Vector:
        """Lines of each item (items)."""
        lines: Vector = np.bincount(self.items, weights=self.lines).astype(np.float64)
        return lines


def grouped(purchases: Purchases, level: Level) -> tuple[Labels, Labels]:
    """The items that are in a group (ascending), and the number of each one's group.

    Numbers from 0, the group of most lines first. Empty where there are too few items or customers
    to tell.
    """
    nothing = (np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
    chosen = bought_often(purchases, level)
    if len(chosen) < LEAST_ITEMS or len(purchases.all_lines) < LEAST_CUSTOMERS:
        return nothing
    left = without_volume(purchases.counts(chosen), purchases.all_lines)
    varies = left.std(axis=0) > LEAST_DEVIATION
    chosen, left = chosen[varies], left[:, varies]
    if len(chosen) < LEAST_ITEMS:
        return nothing
    distances = np.sqrt(np.maximum(2 * (1 - np.round(np.corrcoef(left.T), ROUNDED)), 0))
    np.fill_diagonal(distances, 0)
    # Only where groups are learned: a quarter of a second to import.
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(distances, checks=False), "ward")
    numbers = fcluster(tree, group_count(len(chosen)), "maxclust") - 1
    return chosen, by_size(numbers, purchases.of_items()[chosen])


def bought_often(purchases: Purchases, level: Level) -> Labels:
    """The items that enough customers buy, at most so many, ascending."""
    buyers = np.bincount(purchases.items)
    least = max(level.least_buyers * len(purchases.all_lines), 1)
    often = np.flatnonzero(buyers >= least)
    chosen: Labels = np.sort(often[np.argsort(-buyers[often], kind="stable")][: level.most])
    return chosen


def joining(purchases: Purchases, level: Level, stored: Labels) -> tuple[Labels, Labels]:
    """Items that came to be bought often, and the number of the group each is bought with most.

    stored: (items) the number of the group, -1 for none. An item joins the group whose members'
    shares, without volume, its own correlate with most on average.
    """
    often = bought_often(purchases, level)
    new = often[stored[often] < 0]
    known = np.flatnonzero(
        (stored >= 0) & (np.bincount(purchases.items, minlength=len(stored)) > 0)
    )
    if not len(new) or not len(known):
        return new[:0], new[:0]
    left = without_volume(purchases.counts(np.concatenate([known, new])), purchases.all_lines)
    correlations = np.round(np.nan_to_num(np.corrcoef(left.T)), ROUNDED)[len(known) :, : len(known)]
    groups = np.unique(stored[known])
    means = [correlations[:, stored[known] == group].mean(axis=1) for group in groups]
    joined: Labels = groups[np.argmax(means, axis=0)]
    return new, joined


def group_count(item_count: int) -> int:
    """How many groups so many items make."""
    return GROUPS if item_count >= GROUPS_FROM else max(LEAST_GROUPS, item_count // 5)


def without_volume(counts: Matrix, whole: Vector) -> Matrix:
    """Rooted shrunk shares less their straight line over log lines (customers x items).

    counts: (customers x items), which leave a rest of whole (customers).
    """
    prior, means = prior_count(counts, whole)
    shares = np.sqrt((counts + prior * means) / (whole + prior)[:, None])
    line = np.column_stack([np.ones(len(whole)), np.log(whole)])
    left: Matrix = shares - line @ np.linalg.lstsq(line, shares, rcond=None)[0]
    return left


def by_size(numbers: Labels, lines: Vector) -> Labels:
    """Number groups anew: most lines first, ties by the first item (items)."""
    sizes = np.bincount(numbers, weights=lines)
    first = np.array([np.flatnonzero(numbers == number)[0] for number in range(len(sizes))])
    rank = np.empty(len(sizes), dtype=np.intp)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    renumbered: Labels = rank[numbers]
    return renumbered
