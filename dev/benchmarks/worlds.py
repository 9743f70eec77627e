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

from dataclasses import replace

import numpy as np

from benchmarks.world_oracle import oracle_index
from benchmarks.world_shape import (
    ATTEMPTS,
    BISECTIONS,
    BULK_DEVIATION,
    BULK_FACTOR,
    BULK_SHARE,
    CUSTOMERS,
    FEWEST_ORDERS,
    FURTHEST_SEPARATION,
    HEAVY_FACTOR,
    HEAVY_SHARE,
    KINDS,
    MAX_SEGMENTS,
    MIN_SEGMENTS,
    MOST_LINES,
    MOST_ORDERS,
    NEWCOMER_SHARE,
    NEWCOMER_WEEKS,
    OFFSET_DRAWS,
    OTHER_GROUPS,
    SEPARATIONS,
    SMALLEST_SHARE,
    SPEND,
    SPEND_PARTS,
    THEMES,
    UNIT_DISTANCES,
    WEEKS,
    WIDE_FACTOR,
    WIDE_SHARE,
    WIDEST_CLOUD,
    WITHOUT_STRUCTURE,
    Layout,
    Orders,
    World,
    chance,
    drawn_choice,
    lapse_weeks,
    shares_of,
)


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


def simulate(world: World) -> Orders:
    """Draw what the customers of a world did; the same for the same world."""
    rng = np.random.default_rng((*world.seed, 1))
    count, parts = world.customer_count, world.layout.parts
    labels, centres = _members(world, rng)

    def part(name: str) -> np.ndarray:
        columns = centres[:, parts[name]]
        return columns[:, 0] if columns.shape[1] == 1 else columns

    # Weeks in which a customer is active.
    joined = np.where(rng.random(count) < NEWCOMER_SHARE, rng.choice(NEWCOMER_WEEKS, size=count), 0)
    chances = np.array([lapse_weeks(centre) for centre in part("lapse")])
    silent = drawn_choice(rng, chances, np.arange(count))
    left = np.maximum(WEEKS - silent, joined + 2)

    rate = np.exp(part("orders")) * rng.gamma(world.order_shape, 1 / world.order_shape, count)
    rate[rng.random(count) < HEAVY_SHARE] *= HEAVY_FACTOR
    order_counts = rng.poisson(rate * (left - joined))
    customer = np.repeat(np.arange(count), order_counts)
    size = customer.size
    week = joined[customer] + rng.integers(0, (left - joined)[customer])

    def yes(name: str) -> np.ndarray:
        mean, pull = chance(part(name)), world.share_concentration
        return rng.beta(mean * pull, (1 - mean) * pull)

    is_weekend = rng.random(size) < yes("weekend")[customer]
    is_evening = rng.random(size) < yes("evening")[customer]
    day = 7 * week + np.where(is_weekend, rng.integers(5, 7, size), rng.integers(0, 5, size))
    hour = np.where(is_evening, rng.integers(18, 22, size), rng.integers(8, 18, size))
    minute = 60 * hour + rng.integers(0, 60, size)
    channel = drawn_choice(
        rng, _dirichlet(rng, part("channels"), world.channel_concentration), customer
    )

    more = np.exp(part("basket")) * rng.gamma(world.basket_shape, 1 / world.basket_shape, count)
    lines = 1 + rng.poisson(more[customer])
    order = np.repeat(np.arange(size), lines)
    buyer = customer[order]
    category = drawn_choice(
        rng, _dirichlet(rng, part("categories"), world.category_concentration), buyer
    )
    amount = _amounts(world, rng, part("amount"), buyer)
    is_discounted = rng.random(buyer.size) < yes("discount")[buyer]
    coupons = _coupons(world, rng, part("coupons"), order_counts)
    ordered = (customer, week, day, minute, channel, is_weekend, is_evening)
    return Orders(labels, *ordered, order, category, amount, is_discounted, coupons)


def _members(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the segment of each customer; returns it and its centre (customers x columns)."""
    if world.kind == WITHOUT_STRUCTURE:
        return np.zeros(world.customer_count, dtype=np.int64), world.centres
    labels = rng.choice(world.segment_count, size=world.customer_count, p=world.shares)
    return labels, world.centres[labels]


def _amounts(
    world: World, rng: np.random.Generator, usual: np.ndarray, buyer: np.ndarray
) -> np.ndarray:
    """Draw the amount of each line; `usual` is its logarithm at the centre, per customer."""
    count = usual.size
    level = usual + world.amount_deviation * rng.standard_normal(count) * np.where(
        rng.random(count) < WIDE_SHARE, WIDE_FACTOR, 1.0
    )
    is_bulk = rng.random(count) < BULK_SHARE
    bulk = np.log(BULK_FACTOR) + BULK_DEVIATION * rng.standard_normal(count)
    level = np.where(is_bulk, usual + bulk, level)
    amounts: np.ndarray = np.exp(
        level[buyer] + world.line_deviation * rng.standard_normal(buyer.size)
    )
    return amounts


def _coupons(
    world: World, rng: np.random.Generator, usual: np.ndarray, order_counts: np.ndarray
) -> np.ndarray:
    """Draw the coupons of each customer who ordered; none in a world that has no coupons."""
    drawn = rng.gamma(world.coupon_shape, 1 / world.coupon_shape, usual.size)
    counts: np.ndarray = rng.poisson(np.exp(usual) * drawn) * (order_counts > 0)
    return counts if world.has_coupons else np.zeros(usual.size, dtype=np.int64)


def _dirichlet(rng: np.random.Generator, logits: np.ndarray, concentration: float) -> np.ndarray:
    """Shares of each customer about the shares of the centre."""
    drawn = rng.standard_gamma(np.maximum(shares_of(logits) * concentration, 1e-3))
    shares: np.ndarray = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    return shares
