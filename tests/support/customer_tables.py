"""Tables with one row per customer, in the shapes of public ones, made here."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from loading.definitions import FILE_NAME
from shops import ROOT

SEED = ROOT / "dbt_project" / "seeds" / FILE_NAME

# Income and spending score of the five groups of a mall's customers, and how many there are.
MALL_GROUPS = ((25, 20, 24), (26, 80, 22), (55, 50, 80), (88, 17, 35), (87, 82, 39))
MALL_IDS = 200


def write_table(
    path: Path,
    records: Sequence[Mapping[str, object]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    line_end: str = "\n",
) -> Path:
    """Write records as a text file; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(
            file, list(records[0]), delimiter=delimiter, lineterminator=line_end
        )
        writer.writeheader()
        writer.writerows(records)
    return path


def mall_customers(*, is_variant: bool = False) -> list[dict[str, object]]:
    """Return a mall's 200 customers: five groups by income and score, age and gender by chance.

    The variant has the other export's column and ids.
    """
    rng = random.Random(4)
    records = []
    for income, score, customer_count in MALL_GROUPS:
        for _ in range(customer_count):
            number = len(records) + 1
            records.append(
                {
                    "CustomerID": f"{number:04}" if is_variant else number,
                    "Genre" if is_variant else "Gender": rng.choice(["Male", "Female"]),
                    "Age": rng.randint(18, 70),
                    "Annual Income (k$)": max(10, round(rng.gauss(income, 6))),
                    "Spending Score (1-100)": min(99, max(1, round(rng.gauss(score, 7)))),
                }
            )
    rng.shuffle(records)
    return records


def personality_customers(customer_count: int = 240) -> list[dict[str, object]]:
    """Return customers of a food retailer; by one of each: a birth year of 1893, no income."""
    rng = random.Random(3)
    records = []
    for number in range(customer_count):
        is_rich = number % 2 == 0
        scale = 10 if is_rich else 1
        records.append(
            {
                "ID": 1000 + number,
                "Year_Birth": 1893 if number == 7 else rng.randint(1945, 1995),
                "Education": rng.choice(["Graduation", "PhD", "Basic"]),
                "Marital_Status": "YOLO" if number == 5 else rng.choice(["Single", "Married"]),
                "Income": "" if number == 3 else rng.randint(60, 90) * 1000 // (1 + (not is_rich)),
                "Kidhome": int(not is_rich),
                "Teenhome": rng.randint(0, 1),
                "Dt_Customer": f"{rng.randint(1, 28):02}-{rng.randint(1, 12):02}-2013",
                "Recency": rng.randint(0, 99),
                **{
                    column: round(scale * rng.lognormvariate(3, 0.5))
                    for column in (
                        "MntWines",
                        "MntFruits",
                        "MntMeatProducts",
                        "MntFishProducts",
                        "MntSweetProducts",
                        "MntGoldProds",
                    )
                },
                "NumDealsPurchases": rng.randint(0, 5),
                "NumWebPurchases": rng.randint(0, 5) + 3 * is_rich,
                "NumCatalogPurchases": rng.randint(0, 2) + 5 * is_rich,
                "NumStorePurchases": rng.randint(1, 5) + 4 * is_rich,
                "NumWebVisitsMonth": rng.randint(0, 9),
                **{f"AcceptedCmp{n}": int(rng.random() < 0.1) for n in range(1, 6)},
                "Complain": int(rng.random() < 0.05),
                "Z_CostContact": 3,
                "Z_Revenue": 11,
                "Response": int(rng.random() < 0.2),
            }
        )
    return records


def any_customers(customer_count: int = 150) -> list[dict[str, object]]:
    """Return customers with a column of every kind, in three groups by income and visits."""
    rng = random.Random(5)
    records = []
    for number in range(customer_count):
        group = number % 3
        records.append(
            {
                "row": number + 1,
                "Client No.": f"K'{number:04}",
                "Income ($)": f"${(20 + 30 * group) * 1000 + rng.gauss(0, 2000):,.2f}",
                "visits": round(rng.lognormvariate(1 + 1.5 * group, 0.4)),
                "Größe (cm)": "n/a" if number == 9 else round(50 + rng.gauss(0, 5), 1),
                "city": rng.choice(["Paris", "Köln", "Bonn"]),
                "email": f"a{number}@shop.example",
                "joined": f"20{10 + number % 10}-01-0{1 + number % 9}",
                "currency": "EUR",
                "vip": int(rng.random() < 0.2),
                "zip code": 10_000 + rng.randrange(90_000),
                'said "; drop': rng.choice(["a'b", "c;d", ""]),
            }
        )
    return records
