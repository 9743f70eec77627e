"""Shops whose customers' segments are known: raw order lines made from stated parameters.

A world has 3 to 8 segments of uneven size. A segment is a centre in the space of `Behaviour`:
how often its customers order, how much a line costs, how many lines an order has, how long they
have been silent, which categories they buy from, through which channel, at the weekend, in the
evening, at a discount, with coupons. Customers differ within a segment in each of these
(gamma, Dirichlet and beta distributions about the centre, normal ones with a wide component for
money, one heavy user in twelve, one bulk buyer in a hundred), join at different times, return
some lines, and some rows stand in the file twice.

`separation` scales the distance between the centres. It is found by bisection on the adjusted
Rand index of an oracle, which knows every parameter and gives each customer to the segment of
highest posterior probability given the orders that the customer placed:

    easy 0.99 and more, medium 0.90 to 0.97, hard 0.75 to 0.90.

Worlds of theme `spend` differ in orders and money, and in some of the rest; worlds of theme
`other` only in the rest. A world without structure has the spread of a planted one in every
dimension, but each customer's centre is drawn from one correlated cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import betaln, gammaln, logsumexp

from models_py.metrics import adjusted_rand, contingency

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
# Segments outside these could not be told from mistakes in the data.
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


def make_world(
    seed: int, kind: str, theme: str, number: int, *, customers: int = CUSTOMERS
) -> tuple[World, Orders]:
    """Make a world and its orders; the same for the same arguments.

    Raises RuntimeError when no separation in ATTEMPTS drawn worlds hits the band.
    """
    if kind == WITHOUT_STRUCTURE:
        return _structureless(seed, theme, number, customers)
    low, high = SEPARATIONS[kind]
    for attempt in range(ATTEMPTS):
        path = (seed, KINDS.index(kind), THEMES.index(theme), number, attempt)
        drawn, offsets = _drawn_world(path, kind, theme, number, customers)
        wanted = low + (0.25 + 0.5 * np.random.default_rng(path).random()) * (high - low)
        nearest, furthest = 0.05, FURTHEST_SEPARATION
        for _ in range(BISECTIONS):
            separation = float(np.sqrt(nearest * furthest))
            world = replace(
                drawn, centres=drawn.centres + separation * offsets, separation=separation
            )
            if not _is_plausible(world):
                furthest = separation
                continue
            orders = simulate(world)
            index = oracle_index(world, orders)
            if low <= index <= high and abs(index - wanted) < 0.2 * (high - low):
                return replace(world, oracle_index=index), orders
            if index < wanted:
                nearest = separation
            else:
                furthest = separation
    raise RuntimeError(f"no {kind} world of theme {theme} in {ATTEMPTS} attempts")


def _is_plausible(world: World) -> bool:
    """Whether a year of the average customer of every segment could be that of a customer."""
    parts = world.layout.parts
    orders = WEEKS * np.exp(world.centres[:, parts["orders"]])
    lines = 1 + np.exp(world.centres[:, parts["basket"]])
    is_usual = (orders >= FEWEST_ORDERS) & (orders <= MOST_ORDERS) & (lines <= MOST_LINES)
    return bool(is_usual.all())


def _drawn_world(
    path: tuple[int, ...], kind: str, theme: str, number: int, customers: int
) -> tuple[World, np.ndarray]:
    """A world with all its segments at one centre, and the offsets to scale and add."""
    rng = np.random.default_rng(path)
    layout = Layout(int(rng.integers(5, 11)), int(rng.integers(2, 4)))
    parts = layout.parts
    # The same in every attempt, so that worlds hard to make are not made easier.
    segments = int(np.random.default_rng(path[:-1]).integers(MIN_SEGMENTS, MAX_SEGMENTS + 1))
    shares = rng.dirichlet(np.full(segments, 3.0))
    shares = shares * (1 - SMALLEST_SHARE * segments) + SMALLEST_SHARE
    has_coupons = bool(rng.random() < 0.5)
    centre = np.zeros(layout.width)
    centre[parts["orders"]] = np.log(rng.uniform(10, 26) / WEEKS)
    centre[parts["amount"]] = np.log(rng.uniform(4, 20))
    centre[parts["basket"]] = np.log(rng.uniform(1.0, 3.0))
    centre[parts["lapse"]] = np.log(0.7)
    centre[parts["categories"]] = rng.normal(0, 0.5, layout.category_count)
    centre[parts["channels"]] = rng.normal(0, 0.5, layout.channel_count)
    centre[parts["weekend"]] = np.log(0.35 / 0.65)
    centre[parts["evening"]] = np.log(0.35 / 0.65)
    centre[parts["discount"]] = np.log(0.25 / 0.75)
    centre[parts["coupons"]] = np.log(3.0)
    differing = _differing_parts(rng, theme, has_coupons)
    offsets = _offsets(rng, layout, segments, differing)
    world = World(
        name=f"{kind}-{theme}-{number}",
        seed=path,
        kind=kind,
        theme=theme,
        layout=layout,
        shares=shares,
        centres=np.tile(centre, (segments, 1)),
        differing=differing,
        has_coupons=has_coupons,
        order_shape=float(rng.uniform(4, 12)),
        basket_shape=float(rng.uniform(4, 12)),
        coupon_shape=float(rng.uniform(1.5, 4)),
        amount_deviation=float(rng.uniform(0.2, 0.4)),
        line_deviation=float(rng.uniform(0.4, 0.8)),
        category_concentration=float(rng.uniform(8, 25)),
        channel_concentration=float(rng.uniform(5, 15)),
        share_concentration=float(rng.uniform(6, 20)),
        customer_count=customers,
    )
    return world, offsets


def _differing_parts(rng: np.random.Generator, theme: str, has_coupons: bool) -> tuple[str, ...]:
    """Parts of behaviour in which segments differ: spend and one or two groups, or two to four."""
    fewest, most = (1, 2) if theme == SPEND else (2, 4)
    chosen = rng.permutation(len(OTHER_GROUPS))[: int(rng.integers(fewest, most + 1))]
    names = [name for at in sorted(chosen) for name in OTHER_GROUPS[at]]
    names = [name for name in names if name != "coupons" or has_coupons]
    return (*SPEND_PARTS, *names) if theme == SPEND else tuple(names)


def _offsets(
    rng: np.random.Generator, layout: Layout, segments: int, differing: tuple[str, ...]
) -> np.ndarray:
    """Offsets of the segments at separation 1: of many draws the one with the widest gap."""
    best, widest = np.zeros((segments, layout.width)), -1.0
    for _ in range(OFFSET_DRAWS):
        offsets = np.zeros((segments, layout.width))
        for name in differing:
            part = layout.parts[name]
            shape = (segments, part.stop - part.start)
            offsets[:, part] = UNIT_DISTANCES[name] * rng.standard_normal(shape)
        if "lapse" in differing:
            # Most segments are alive; where one has lapsed, its customers have all gone silent.
            has_lapsed = np.arange(segments) == rng.integers(segments)
            is_world_with_lapsed = rng.random() < 0.5
            offsets[:, layout.parts["lapse"]] = 0.0
            if is_world_with_lapsed:
                offsets[has_lapsed, layout.parts["lapse"]] = 2.0
        apart = np.linalg.norm(offsets[:, None] - offsets[None], axis=2)
        apart[np.diag_indices(segments)] = np.inf
        if apart.min() > widest:
            best, widest = offsets, float(apart.min())
    return best


def _structureless(seed: int, theme: str, number: int, customers: int) -> tuple[World, Orders]:
    """Each customer's centre from one correlated cloud with the spread of a medium world."""
    planted, _ = make_world(seed, "medium", theme, number, customers=customers)
    path = (seed, KINDS.index(WITHOUT_STRUCTURE), THEMES.index(theme), number)
    rng = np.random.default_rng(path)
    mean = planted.shares @ planted.centres
    spread = np.sqrt(planted.shares @ np.square(planted.centres - mean))
    # In a medium world a few have lapsed; a cloud with some of them silent would have two parts.
    spread[planted.layout.parts["lapse"]] = 0.0
    spread = np.minimum(spread, WIDEST_CLOUD)
    mean[planted.layout.parts["lapse"]] = np.log(0.7)
    width = planted.layout.width
    loadings = rng.standard_normal((width, 3))
    mixing = np.hstack([loadings, np.diag(rng.uniform(0.5, 1.5, width))])
    mixing /= np.linalg.norm(mixing, axis=1, keepdims=True)
    drawn = rng.standard_normal((customers, mixing.shape[1])) @ mixing.T
    # Student's t with 8 degrees of freedom: tails heavier than the normal one's, one mode.
    drawn /= np.sqrt(rng.chisquare(8, (customers, 1)) / 8)
    world = replace(
        planted,
        name=f"{WITHOUT_STRUCTURE}-{theme}-{number}",
        seed=path,
        kind=WITHOUT_STRUCTURE,
        shares=np.ones(1),
        centres=mean + drawn * spread,
        separation=0.0,
        oracle_index=float("nan"),
    )
    return world, simulate(world)


def _shares_of(logits: np.ndarray) -> np.ndarray:
    """Softmax of each row."""
    shares: np.ndarray = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
    return shares


def _chance(logit: np.ndarray) -> np.ndarray:
    chance: np.ndarray = 1 / (1 + np.exp(-logit))
    return chance


def _drawn_choice(rng: np.random.Generator, shares: np.ndarray, who: np.ndarray) -> np.ndarray:
    """For each item one column of the row of `shares` that it belongs to."""
    edges = np.cumsum(shares, axis=1)
    drawn = rng.random(who.size) * edges[who, -1]
    columns: np.ndarray = (drawn[:, None] > edges[who][:, :-1]).sum(axis=1)
    return columns


def _lapse_weeks(centre: float) -> np.ndarray:
    """Chances (0 to MAX_LAPSE_WEEKS) of the whole weeks of silence of a customer."""
    edges = np.log(np.arange(1, MAX_LAPSE_WEEKS + 1))
    scaled = (edges - centre) / LAPSE_DEVIATION
    below = 1 / (1 + np.exp(-1.702 * scaled))  # logistic, near the normal one
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


def simulate(world: World) -> Orders:
    """Draw what the customers of a world did; the same for the same world."""
    rng = np.random.default_rng((*world.seed, 1))
    count, parts = world.customer_count, world.layout.parts
    if world.kind == WITHOUT_STRUCTURE:
        labels = np.zeros(count, dtype=np.int64)
        centres = world.centres
    else:
        labels = rng.choice(world.segment_count, size=count, p=world.shares)
        centres = world.centres[labels]

    def part(name: str) -> np.ndarray:
        columns = centres[:, parts[name]]
        return columns[:, 0] if columns.shape[1] == 1 else columns

    # Weeks in which a customer is active.
    joined = np.where(rng.random(count) < NEWCOMER_SHARE, rng.choice(NEWCOMER_WEEKS, size=count), 0)
    chances = np.array([_lapse_weeks(centre) for centre in part("lapse")])
    silent = _drawn_choice(rng, chances, np.arange(count))
    left = np.maximum(WEEKS - silent, joined + 2)

    rate = np.exp(part("orders")) * rng.gamma(world.order_shape, 1 / world.order_shape, count)
    rate[rng.random(count) < HEAVY_SHARE] *= HEAVY_FACTOR
    order_counts = rng.poisson(rate * (left - joined))
    customer = np.repeat(np.arange(count), order_counts)
    size = customer.size
    week = joined[customer] + rng.integers(0, (left - joined)[customer])

    def yes(name: str) -> np.ndarray:
        mean, pull = _chance(part(name)), world.share_concentration
        return rng.beta(mean * pull, (1 - mean) * pull)

    is_weekend = rng.random(size) < yes("weekend")[customer]
    is_evening = rng.random(size) < yes("evening")[customer]
    day = 7 * week + np.where(is_weekend, rng.integers(5, 7, size), rng.integers(0, 5, size))
    hour = np.where(is_evening, rng.integers(18, 22, size), rng.integers(8, 18, size))
    minute = 60 * hour + rng.integers(0, 60, size)
    channel = _drawn_choice(
        rng, _dirichlet(rng, part("channels"), world.channel_concentration), customer
    )

    more = np.exp(part("basket")) * rng.gamma(world.basket_shape, 1 / world.basket_shape, count)
    lines = 1 + rng.poisson(more[customer])
    order = np.repeat(np.arange(size), lines)
    buyer = customer[order]
    category = _drawn_choice(
        rng, _dirichlet(rng, part("categories"), world.category_concentration), buyer
    )
    level = part("amount") + world.amount_deviation * rng.standard_normal(count) * np.where(
        rng.random(count) < WIDE_SHARE, WIDE_FACTOR, 1.0
    )
    is_bulk = rng.random(count) < BULK_SHARE
    bulk = np.log(BULK_FACTOR) + BULK_DEVIATION * rng.standard_normal(count)
    level = np.where(is_bulk, part("amount") + bulk, level)
    amount = np.exp(level[buyer] + world.line_deviation * rng.standard_normal(buyer.size))
    is_discounted = rng.random(buyer.size) < yes("discount")[buyer]
    coupon_rate = np.exp(part("coupons")) * rng.gamma(
        world.coupon_shape, 1 / world.coupon_shape, count
    )
    coupons = rng.poisson(coupon_rate) * (order_counts > 0)
    return Orders(
        labels,
        customer,
        week,
        day,
        minute,
        channel,
        is_weekend,
        is_evening,
        order,
        category,
        amount,
        is_discounted,
        coupons if world.has_coupons else np.zeros(count, dtype=np.int64),
    )


def _dirichlet(rng: np.random.Generator, logits: np.ndarray, concentration: float) -> np.ndarray:
    """Shares of each customer about the shares of the centre."""
    drawn = rng.standard_gamma(np.maximum(_shares_of(logits) * concentration, 1e-3))
    shares: np.ndarray = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    return shares


def oracle_index(world: World, orders: Orders) -> float:
    """Adjusted Rand index of the oracle on the customers that can be segmented."""
    found = oracle_labels(world, orders)
    known = orders.is_segmentable
    size = world.segment_count
    return adjusted_rand(contingency(orders.labels[known], found[known], size, size))


def oracle_labels(world: World, orders: Orders) -> np.ndarray:
    """(customers) segment of highest posterior probability, given all parameters and orders."""
    labels: np.ndarray = oracle_log_weights(world, orders).argmax(axis=1)
    return labels


def oracle_log_weights(world: World, orders: Orders) -> np.ndarray:
    """Log posterior probability (customers x segments) up to a constant of each customer.

    Latent rates, shares and price levels are integrated out in closed form, latent dates of
    joining and leaving by summing over their grid.
    """
    likelihood = np.log(world.shares) + _order_likelihood(world, orders)
    likelihood += _basket_likelihood(world, orders) + _amount_likelihood(world, orders)
    count, parts = world.customer_count, world.layout.parts
    buyer = orders.customer[orders.order]
    for name, chosen, who, concentration in (
        ("categories", orders.category, buyer, world.category_concentration),
        ("channels", orders.channel, orders.customer, world.channel_concentration),
    ):
        width = parts[name].stop - parts[name].start
        counts = contingency(who, chosen, count, width)
        pull = np.maximum(_shares_of(world.centres[:, parts[name]]) * concentration, 1e-3)
        likelihood += np.stack(
            [
                gammaln(counts + one).sum(axis=1)
                - gammaln(one).sum()
                + gammaln(one.sum())
                - gammaln(counts.sum(axis=1) + one.sum())
                for one in pull
            ],
            axis=1,
        )
    for name, happened, who in (
        ("weekend", orders.is_weekend, orders.customer),
        ("evening", orders.is_evening, orders.customer),
        ("discount", orders.is_discounted, buyer),
    ):
        often = np.bincount(who, weights=happened, minlength=count)
        tries = np.bincount(who, minlength=count)
        mean = _chance(world.centres[:, parts[name]][:, 0])
        first, second = mean * world.share_concentration, (1 - mean) * world.share_concentration
        likelihood += betaln(often[:, None] + first, (tries - often)[:, None] + second) - betaln(
            first, second
        )
    if world.has_coupons:
        shape = world.coupon_shape
        scale = shape / np.exp(world.centres[:, parts["coupons"]][:, 0])
        likelihood += _gamma_poisson(orders.coupons, np.ones(count), shape, scale)
    log_weights: np.ndarray = likelihood
    return log_weights


def _gamma_poisson(
    counts: np.ndarray, exposures: np.ndarray, shape: float, rates: np.ndarray
) -> np.ndarray:
    """Log likelihood (items x segments) of counts whose rate is gamma(shape, rate)."""
    likelihood: np.ndarray = (
        gammaln(counts + shape)[:, None]
        - gammaln(shape)
        + shape * np.log(rates)
        - (counts + shape)[:, None] * np.log(rates + exposures[:, None])
    )
    return likelihood


def _order_likelihood(world: World, orders: Orders) -> np.ndarray:
    """Log likelihood (customers x segments) of the weeks in which a customer ordered."""
    count, parts = world.customer_count, world.layout.parts
    tries = np.bincount(orders.customer, minlength=count)
    first, last = np.full(count, WEEKS), np.zeros(count, dtype=np.int64)
    np.minimum.at(first, orders.customer, orders.week)
    np.maximum.at(last, orders.customer, orders.week)
    joined = np.concatenate([[0], NEWCOMER_WEEKS])
    join_chance = np.r_[1 - NEWCOMER_SHARE, np.full(len(NEWCOMER_WEEKS), NEWCOMER_SHARE)]
    join_chance[1:] /= len(NEWCOMER_WEEKS)
    begins, silents = (grid.ravel() for grid in np.meshgrid(joined, np.arange(MAX_LAPSE_WEEKS + 1)))
    ends = np.maximum(WEEKS - silents, begins + 2)
    # One place of the grid for each pair of first and last week that a customer can be active.
    pairs, place = np.unique(np.stack([begins, ends]), axis=1, return_inverse=True)
    place = place.ravel()
    begins_at = np.searchsorted(joined, begins)
    result = np.empty((count, world.segment_count))
    is_possible = (pairs[0] <= first[:, None]) & (pairs[1] > last[:, None])
    for number, centre in enumerate(world.centres):
        chance = join_chance[begins_at] * _lapse_weeks(centre[parts["lapse"]][0])[silents]
        chance = np.bincount(place, weights=chance, minlength=pairs.shape[1])
        total = np.full((count, pairs.shape[1]), -np.inf)
        for share, factor in ((1 - HEAVY_SHARE, 1.0), (HEAVY_SHARE, HEAVY_FACTOR)):
            rate = world.order_shape / (factor * np.exp(centre[parts["orders"]][0]))
            constant = np.log(share) + world.order_shape * np.log(rate)
            exposed = np.log(rate + (pairs[1] - pairs[0]))
            total = np.logaddexp(total, constant - (tries + world.order_shape)[:, None] * exposed)
        with np.errstate(divide="ignore"):
            weighted = np.where(is_possible, total + np.log(chance), -np.inf)
        result[:, number] = logsumexp(weighted, axis=1)
    result += gammaln(tries + world.order_shape)[:, None]
    return np.where(tries[:, None] > 0, result, 0.0)


def _basket_likelihood(world: World, orders: Orders) -> np.ndarray:
    """Log likelihood (customers x segments) of the lines beyond the first of each order."""
    count = world.customer_count
    tries = np.bincount(orders.customer, minlength=count)
    lines = np.bincount(orders.customer[orders.order], minlength=count)
    mean = np.exp(world.centres[:, world.layout.parts["basket"]][:, 0])
    shape = world.basket_shape
    return _gamma_poisson(lines - tries, tries.astype(float), shape, shape / mean)


def _amount_likelihood(world: World, orders: Orders) -> np.ndarray:
    """Log likelihood (customers x segments) of the mean log amount of a customer's lines."""
    count = world.customer_count
    buyer = orders.customer[orders.order]
    lines = np.maximum(np.bincount(buyer, minlength=count), 1)
    mean = np.bincount(buyer, weights=np.log(orders.amount), minlength=count) / lines
    centre = world.centres[:, world.layout.parts["amount"]][:, 0]
    noise = world.line_deviation**2 / lines
    total = np.full((count, world.segment_count), -np.inf)
    narrow = (1 - BULK_SHARE) * (1 - WIDE_SHARE)
    for share, shift, deviation in (
        (narrow, 0.0, world.amount_deviation),
        ((1 - BULK_SHARE) * WIDE_SHARE, 0.0, WIDE_FACTOR * world.amount_deviation),
        (BULK_SHARE, np.log(BULK_FACTOR), BULK_DEVIATION),
    ):
        variance = (deviation**2 + noise)[:, None]
        distance = np.square(mean[:, None] - centre - shift) / variance
        total = np.logaddexp(total, np.log(share) - (np.log(variance) + distance) / 2)
    return total


def write_world(world: World, orders: Orders, folder: Path) -> dict[str, int]:
    """Write a world as own files (Parquet); returns the planted segment by customer id.

    Ids of customers, and the rows of the file, are in an order that tells nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng((*world.seed, 2))
    count, categories = world.customer_count, world.layout.category_count
    numbers = rng.permutation(count)
    ids = np.array([f"c{number:06d}" for number in numbers])
    per_category = 12
    product = orders.category * per_category + rng.integers(0, per_category, orders.order.size)
    bulk = np.maximum(np.round(orders.amount / 60), 1)
    paid = np.round(orders.amount, 2)
    depth = rng.uniform(0.1, 0.4, paid.size) * orders.is_discounted
    discount = np.round(paid * depth / (1 - depth), 2)
    started = datetime.combine(FIRST_DAY, datetime.min.time())
    at = (orders.day * 1440 + orders.minute).astype("timedelta64[m]") + np.datetime64(started)
    order_ids = np.array([f"o{number:07d}" for number in range(orders.customer.size)])
    channels = np.array(["store", "web", "app"])
    columns = {
        "order_line_id": np.array([f"l{number:08d}" for number in range(paid.size)]),
        "order_id": order_ids[orders.order],
        "customer_id": ids[orders.customer[orders.order]],
        "product_id": np.array([f"p{number:04d}" for number in product]),
        "quantity": bulk,
        "net_amount": paid,
        "discount_amount": discount,
        "channel": channels[orders.channel[orders.order]],
        "is_return": np.zeros(paid.size, dtype=bool),
        "ordered_at": at[orders.order].astype("datetime64[us]"),
    }
    columns = _with_returns(columns, rng, np.datetime64(started) + np.timedelta64(7 * WEEKS, "D"))
    rows = np.arange(columns["net_amount"].size)
    repeated = rng.choice(rows, size=round(REPEATED_SHARE * rows.size), replace=False)
    rows = rng.permutation(np.concatenate([rows, repeated]))
    table = pa.table({name: pa.array(values[rows]) for name, values in columns.items()})
    pq.write_table(table, folder / "order_lines.parquet")
    product_numbers = range(categories * per_category)
    products = pa.table(
        {
            "product_id": [f"p{number:04d}" for number in product_numbers],
            "category": [
                f"category {number // per_category + 1:02d}" for number in product_numbers
            ],
            "is_private_label": [number % 3 == 0 for number in product_numbers],
        }
    )
    pq.write_table(products, folder / "products.parquet")
    if world.has_coupons:
        pq.write_table(_coupons(orders, ids, rng), folder / "interactions.parquet")
    return dict(zip(ids.tolist(), orders.labels.tolist(), strict=True))


def _with_returns(
    columns: dict[str, np.ndarray], rng: np.random.Generator, end: np.datetime64
) -> dict[str, np.ndarray]:
    """The lines, and for some of them a line that gives them back within two weeks."""
    returned = np.flatnonzero(rng.random(columns["net_amount"].size) < RETURN_SHARE)
    back = {name: values[returned] for name, values in columns.items()}
    later = rng.integers(1, 15, returned.size).astype("timedelta64[D]")
    back["ordered_at"] = back["ordered_at"] + later
    back["order_line_id"] = np.array([f"r{one[1:]}" for one in back["order_line_id"]], dtype=str)
    back["order_id"] = np.array([f"r{one[1:]}" for one in back["order_id"]], dtype=str)
    back["net_amount"], back["quantity"] = -back["net_amount"], -back["quantity"]
    back["discount_amount"] = np.zeros(returned.size)
    back["is_return"] = np.ones(returned.size, dtype=bool)
    is_in_time = back["ordered_at"] < end
    return {
        name: np.concatenate([values, back[name][is_in_time]]) for name, values in columns.items()
    }


def _coupons(orders: Orders, ids: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """One redeemed coupon a row, at any time of the year."""
    who = np.repeat(np.arange(len(ids)), orders.coupons)
    days = rng.integers(0, 7 * WEEKS, who.size)
    return pa.table(
        {
            "customer_id": ids[who],
            "interaction_type": ["coupon_redeemed"] * who.size,
            "occurred_at": [
                datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=int(day))
                for day in days
            ],
        }
    )
