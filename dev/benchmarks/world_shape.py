"""Synthetic shops: the segments that are planted, and what they differ in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import logsumexp

# Bands of the oracle's adjusted Rand index. The upper end of easy keeps worlds from being empty
# exercises: beyond it segments have nothing in common.
SEPARATIONS = {"easy": (0.99, 0.9985), "medium": (0.90, 0.97), "hard": (0.75, 0.90)}
WITHOUT_STRUCTURE = "none"
KINDS = (*SEPARATIONS, WITHOUT_STRUCTURE)
SPEND, OTHER = "spend", "other"
THEMES = (SPEND, OTHER)
MIN_SEGMENTS, MAX_SEGMENTS = 3, 8
SMALLEST_SHARE = 0.06  # of customers, before chance
CUSTOMERS = 1500
# A year of whole weeks, so that the window of the features is the time the oracle looks at.
FIRST_DAY = date(2025, 1, 6)
WEEKS = 52
KNOWN_DAYS = 28  # customers known for less are not segmented
HEAVY_SHARE, HEAVY_FACTOR = 0.08, 2.5  # heavy users order this much more often
WIDE_SHARE, WIDE_FACTOR = 0.10, 3.0  # prices of these customers scatter this much more
BULK_SHARE, BULK_FACTOR, BULK_DEVIATION = 0.01, 25.0, 0.4  # bulk buyers' money a line
NEWCOMER_SHARE = 0.15  # joined after the first day, up to half a year later
NEWCOMER_WEEKS = np.arange(4, 28, 4)
RETURN_SHARE = 0.03  # of lines
REPEATED_SHARE = 0.01  # of rows that stand in the file twice
LAPSE_DEVIATION = 0.5  # of the logarithm of weeks since a customer went silent
MAX_LAPSE_WEEKS = 40
# Segments outside these would look like mistakes in the data.
FEWEST_ORDERS, MOST_ORDERS, MOST_LINES = 4.0, 100.0, 12.0
ATTEMPTS = 40
BISECTIONS = 16
OFFSET_DRAWS = 50
FURTHEST_SEPARATION = 3.5
# Shares that vary more than this pile up at 0 and 1, and that is structure.
WIDEST_CLOUD = 1.0
Columns = slice


@dataclass(frozen=True)
class Layout:
    """Columns of a matrix of behaviour centres (segments or customers x dimensions).

    Natural parameters: logarithms of rates and amounts, logits of shares.
    """

    category_count: int
    channel_count: int

    @property
    def parts(self) -> dict[str, Columns]:
        """Columns of each part of behaviour, by name."""
        widths = {
            "orders": 1,  # log orders per week while active
            "amount": 1,  # log money per line
            "basket": 1,  # log further lines per order
            "lapse": 1,  # log weeks of silence before the end
            "categories": self.category_count,
            "channels": self.channel_count,
            "weekend": 1,
            "evening": 1,
            "discount": 1,
            "coupons": 1,  # log coupons per year
        }
        parts, first = {}, 0
        for name, width in widths.items():
            parts[name] = slice(first, first + width)
            first += width
        return parts

    @property
    def width(self) -> int:
        """Number of dimensions."""
        return int(max(part.stop for part in self.parts.values()))


# How far segments lie apart in each part, in natural units, at separation 1.
UNIT_DISTANCES = {
    "orders": 0.5,
    "amount": 0.5,
    "basket": 0.4,
    "lapse": 1.0,
    "categories": 0.9,
    "channels": 1.0,
    "weekend": 0.9,
    "evening": 0.9,
    "discount": 0.9,
    "coupons": 0.7,
}
SPEND_PARTS = ("orders", "amount", "basket", "lapse")
# Parts that a world chooses from, as groups: what moves together in a shop.
OTHER_GROUPS = (("categories",), ("channels",), ("weekend", "evening"), ("discount", "coupons"))


@dataclass(frozen=True)
class World:
    """Everything that a world is made from.

    kind: separation, or `none`. theme: `spend` or `other`. shares: (segments). centres: (segments
    x dimensions), without structure (customers x dimensions). category_share: base popularity is
    part of the centres. order_shape: of the gamma distribution of rates; concentrations: of the
    Dirichlet and beta distributions, larger is more alike. separation: as found. oracle_index:
    adjusted Rand index of the oracle on the customers that can be segmented.
    """

    name: str
    seed: tuple[int, ...]
    kind: str
    theme: str
    layout: Layout
    shares: np.ndarray
    centres: np.ndarray
    differing: tuple[str, ...]
    has_coupons: bool
    order_shape: float
    basket_shape: float
    coupon_shape: float
    amount_deviation: float
    line_deviation: float
    category_concentration: float
    channel_concentration: float
    share_concentration: float
    customer_count: int
    separation: float = 0.0
    oracle_index: float = float("nan")

    @property
    def segment_count(self) -> int:
        """Planted number of segments; 1 without structure."""
        return len(self.shares)


@dataclass(frozen=True)
class Orders:
    """What customers did. Arrays of orders are in no order of time.

    labels: (customers) planted segment. customer: (orders). day: (orders), from the first day.
    week: the same in weeks. minute: of the day. channel, is_weekend, is_evening: (orders).
    order: (lines) index of the order. category, product, amount, is_discounted: (lines).
    coupons: (customers).
    """

    labels: np.ndarray
    customer: np.ndarray
    week: np.ndarray
    day: np.ndarray
    minute: np.ndarray
    channel: np.ndarray
    is_weekend: np.ndarray
    is_evening: np.ndarray
    order: np.ndarray
    category: np.ndarray
    amount: np.ndarray
    is_discounted: np.ndarray
    coupons: np.ndarray

    @property
    def is_segmentable(self) -> np.ndarray:
        """(customers) bool: ordered, and known long enough by the end."""
        first = np.full(len(self.labels), np.iinfo(np.int64).max)
        np.minimum.at(first, self.customer, self.day)
        end = int(self.day.max()) + 1
        return end - first >= KNOWN_DAYS


def shares_of(logits: np.ndarray) -> np.ndarray:
    """Softmax of each row."""
    shares: np.ndarray = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
    return shares


def chance(logit: np.ndarray) -> np.ndarray:
    """The probability of a logit."""
    chance: np.ndarray = 1 / (1 + np.exp(-logit))
    return chance


def drawn_choice(rng: np.random.Generator, shares: np.ndarray, who: np.ndarray) -> np.ndarray:
    """For each item one column of the row of `shares` that it belongs to."""
    edges = np.cumsum(shares, axis=1)
    drawn = rng.random(who.size) * edges[who, -1]
    columns: np.ndarray = (drawn[:, None] > edges[who][:, :-1]).sum(axis=1)
    return columns


def lapse_weeks(centre: float) -> np.ndarray:
    """Chances (0 to MAX_LAPSE_WEEKS) of the whole weeks of silence of a customer."""
    edges = np.log(np.arange(1, MAX_LAPSE_WEEKS + 1))
    scaled = (edges - centre) / LAPSE_DEVIATION
    below = 1 / (1 + np.exp(-1.702 * scaled))  # logistic, near the normal one
    return np.diff(np.concatenate([[0.0], below, [1.0]]))
