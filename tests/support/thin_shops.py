"""Shops whose customers order once or a few times: the shapes of CDNOW and of Groceries."""

from __future__ import annotations

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

HEADER = ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "net_amount")
ITEMS = 40


def write_lines(folder: Path, lines: list[tuple]) -> Path:
    """Write order lines as the one file of a folder."""
    folder.mkdir(parents=True)
    with (folder / "order_lines.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(lines)
    return folder


def cdnow_like(folder: Path, customer_count: int = 1_200, seed: int = 5) -> Path:
    """Write a cohort that first buys in the first quarter of 1997 and is followed for 18 months.

    Each customer buys at a rate of their own and stops for good after any order with a probability
    of their own (Fader, Hardie and Lee, 2005): most buy once.
    """
    rng = random.Random(seed)
    start, end = date(1997, 1, 1), date(1998, 7, 1)
    lines = []
    for number in range(customer_count):
        at = start + timedelta(days=rng.randrange(84))
        rate = rng.gammavariate(0.8, 1 / 45)
        stops = rng.betavariate(1.2, 1.2)
        typical = rng.lognormvariate(3.1, 0.5)
        while at < end:
            discs = 1 + int(rng.expovariate(1.2))
            amount = discs * typical * rng.uniform(0.7, 1.3)
            lines.append((f"o{len(lines)}", f"c{number:05d}", at, "", discs, f"{amount:.2f}"))
            if rng.random() < stops:
                break
            at += timedelta(days=max(1, math.ceil(rng.expovariate(rate))))
    return write_lines(folder, lines)


def groceries_like(folder: Path, customer_count: int = 900, seed: int = 6) -> Path:
    """Write members of a grocer who are seen one to three times in two years, without prices.

    Days and goods are drawn by chance: there is nothing to tell members apart by but how often
    they came.
    """
    rng = random.Random(seed)
    start = date(2014, 1, 1)
    lines = []
    for number in range(customer_count):
        for _ in range(rng.choice((1, 2, 2, 3))):
            at = start + timedelta(days=rng.randrange(728))
            for item in rng.sample(range(ITEMS), rng.choice((2, 3, 4))):
                order = f"m{number:04d}-{at:%y%m%d}"
                lines.append((order, f"m{number:04d}", at, f"item {item:02d}", 1, "1.00"))
    return write_lines(folder, lines)
