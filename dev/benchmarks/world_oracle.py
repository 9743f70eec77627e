"""The best that could be known of a synthetic shop: labels by the likelihood of its orders."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

from benchmarks.world_shape import (
    BULK_DEVIATION,
    BULK_FACTOR,
    BULK_SHARE,
    HEAVY_FACTOR,
    HEAVY_SHARE,
    MAX_LAPSE_WEEKS,
    NEWCOMER_SHARE,
    NEWCOMER_WEEKS,
    WEEKS,
    WIDE_FACTOR,
    WIDE_SHARE,
    Orders,
    World,
    chance,
    lapse_weeks,
    shares_of,
)
from models_py.metrics import adjusted_rand, contingency


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
        pull = np.maximum(shares_of(world.centres[:, parts[name]]) * concentration, 1e-3)
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
        mean = chance(world.centres[:, parts[name]][:, 0])
        first, second = mean * world.share_concentration, (1 - mean) * world.share_concentration
        likelihood += betaln(often[:, None] + first, (tries - often)[:, None] + second) - betaln(
            first, second
        )
    if world.has_coupons:
        shape = world.coupon_shape
        scale = shape / np.exp(world.centres[:, parts["coupons"]][:, 0])
        likelihood += gamma_poisson(orders.coupons, np.ones(count), shape, scale)
    log_weights: np.ndarray = likelihood
    return log_weights


def gamma_poisson(
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
        chance = join_chance[begins_at] * lapse_weeks(centre[parts["lapse"]][0])[silents]
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
    return gamma_poisson(lines - tries, tries.astype(float), shape, shape / mean)


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
