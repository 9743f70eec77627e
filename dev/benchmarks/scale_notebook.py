"""A process of its own: the whole of raw to segments as a notebook does it, pandas in memory.

The same rejects, duplicates, snapshots and features as the pipeline, then StandardScaler and
KMeans with ten starts for each k. What stability, references, names, marts and history take has
no counterpart here. Usage: scale_notebook.py DATA OUTPUT_PARQUET
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from benchmarks.process_memory import peak_bytes, seconds_since_start

KS = range(3, 9)
WINDOW, STEP, SNAPSHOTS, LEAST_OBSERVED, LEAST_TENURE = 364, 28, 6, 168, 28
MORNING, EVENING, MOST = 12, 18, 1e10
SMALL_ORDER_LINES, MOST_UNITS = 3, 10_000
MONDAY = pd.Timestamp("1970-01-05")
CONTENT = [
    "ordered_at",
    "customer_id",
    "order_id",
    "product_id",
    "net_amount",
    "quantity",
    "discount_amount",
    "channel",
    "is_return",
]


def accepted_lines(folder: Path) -> pd.DataFrame:
    """Lines that can be used, each line id once, signs made to agree."""
    lines = pd.read_parquet(folder / "order_lines.parquet")
    for name in ("net_amount", "discount_amount"):
        lines[name] = lines[name].astype(float)
    now = pd.Timestamp.now().normalize() + pd.Timedelta(days=2)
    is_good = (
        lines["customer_id"].notna()
        & lines["order_id"].notna()
        & lines["ordered_at"].notna()
        & (lines["net_amount"].abs() <= MOST)
        & (lines["ordered_at"] >= "1970-01-01")
        & (lines["ordered_at"] < now)
    )
    lines = lines[is_good]
    is_repeated = lines["order_line_id"].duplicated(keep=False)
    first = lines[is_repeated].sort_values(CONTENT).drop_duplicates("order_line_id")
    lines = pd.concat([lines[~is_repeated], first], ignore_index=True)
    lines["quantity"] = lines["quantity"].fillna(1)
    lines["is_return"] |= (lines["net_amount"] < 0) | (lines["quantity"] < 0)
    sign = np.where(lines["is_return"], -1, 1)
    lines["net_amount"] = np.where(
        lines["is_return"], -lines["net_amount"].abs(), lines["net_amount"]
    )
    lines["quantity"] = sign * lines["quantity"].abs()
    lines["is_purchase"] = ~lines["is_return"] & (
        (lines["quantity"] != 0) | (lines["net_amount"] != 0)
    )
    products = pd.read_parquet(folder / "products.parquet")
    products = products[["product_id", "category", "is_private_label"]]
    lines = lines.merge(products, on="product_id", how="left")
    lines["category"] = lines["category"].fillna("unknown")
    return lines


def orders_of(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per customer and order."""
    amount = lines["net_amount"]
    lines["purchase"] = amount.where(~lines["is_return"], 0.0)
    lines["discount"] = lines["discount_amount"].fillna(0).abs().where(~lines["is_return"], 0.0)
    is_known = lines["is_private_label"].notna() & lines["is_purchase"]
    lines["known"] = amount.where(is_known, 0.0)
    lines["private"] = amount.where(is_known & (lines["is_private_label"] == True), 0.0)  # noqa: E712
    lines["discounted"] = lines["is_purchase"] & (lines["discount"] > 0)
    lines["units"] = lines["quantity"].clip(0, MOST_UNITS).where(lines["is_purchase"], 0.0)
    orders = lines.groupby(["customer_id", "order_id"], sort=False).agg(
        channel=("channel", "min"),
        line_count=("is_purchase", "sum"),
        spend=("net_amount", "sum"),
        purchase=("purchase", "sum"),
        discount=("discount", "sum"),
        known=("known", "sum"),
        private=("private", "sum"),
        discounted=("discounted", "sum"),
        units=("units", "sum"),
        ordered_at=("ordered_at", "min"),
    )
    orders = orders.reset_index()
    orders["date"] = orders["ordered_at"].dt.normalize()
    orders["week"] = (orders["date"] - MONDAY).dt.days // 7
    orders["is_order"] = orders["line_count"] > 0
    orders["is_weekend"] = orders["is_order"] & (orders["date"].dt.day_of_week >= 5)
    orders["is_evening"] = orders["is_order"] & (orders["ordered_at"].dt.hour >= EVENING)
    is_early = (orders["ordered_at"].dt.hour < MORNING) & (orders["ordered_at"] > orders["date"])
    orders["is_morning"] = orders["is_order"] & is_early
    orders["is_small"] = orders["is_order"] & (orders["line_count"] <= SMALL_ORDER_LINES)
    return orders


def snapshots_of(orders: pd.DataFrame) -> pd.DataFrame:
    """As-of dates: the day after the last order, and dates of the grid before it."""
    current = orders["date"].max() + pd.Timedelta(days=1)
    last = ((current - MONDAY).days - 1) // STEP
    dates = [current, *(MONDAY + pd.Timedelta(days=STEP * (last - n)) for n in range(SNAPSHOTS))]
    snapshots = pd.DataFrame({"as_of_date": dates})
    snapshots["from"] = snapshots["as_of_date"] - pd.Timedelta(days=WINDOW)
    seen = snapshots["from"].clip(lower=orders["date"].min())
    snapshots["observed"] = (snapshots["as_of_date"] - seen).dt.days
    is_made = (snapshots["observed"] >= LEAST_OBSERVED) | (snapshots["as_of_date"] == current)
    return snapshots[is_made]


def features_of(
    lines: pd.DataFrame,
    orders: pd.DataFrame,
    interactions: pd.DataFrame,
    first: pd.Series,
    snapshot: pd.Series,
    shortest: int,
    categories: list[str],
    channels: list[str],
) -> pd.DataFrame:
    """Features of every customer known at an as-of date."""
    as_of, start, observed = snapshot["as_of_date"], snapshot["from"], snapshot["observed"]
    known = first[first.dt.normalize() < as_of]
    out = pd.DataFrame(index=known.index)
    window = orders[(orders["date"] >= start) & (orders["date"] < as_of)]
    by = window.groupby("customer_id")
    buying = window[window["is_order"]].groupby("customer_id")

    def filled(values: pd.Series) -> pd.Series:
        return values.reindex(out.index).fillna(0)

    count, spend = filled(by["is_order"].sum()), filled(by["spend"].sum())
    purchase, discount = filled(by["purchase"].sum()), filled(by["discount"].sum())
    some = count.where(count > 0)
    out["orders_per_28_days"] = count * 28 / observed
    out["spend_per_28_days"] = spend * 28 / observed
    out["average_order_value"] = spend / some
    last = buying["date"].max().reindex(out.index)
    since = (as_of - last).dt.days
    out["days_since_last_order"] = since.clip(upper=shortest)
    tenure = (as_of - known.dt.normalize()).dt.days
    out["tenure_days"] = tenure.clip(upper=shortest)
    days = filled(buying["date"].nunique())
    span = (last - buying["date"].min().reindex(out.index)).dt.days
    out["days_between_orders"] = span / (days - 1).where(days > 1)
    out["lines_per_order"] = filled(by["line_count"].sum()) / some
    before, half = (as_of - window["date"]).dt.days, observed // 2
    late = filled(window[before <= half].groupby("customer_id")["spend"].sum())
    is_early = (before > half) & (before <= 2 * half)
    early = filled(window[is_early].groupby("customer_id")["spend"].sum())
    both = late + early
    out["spend_trend"] = ((late - early) / both.where(both > 0)).clip(-1, 1)
    inside = lines[(lines["order_date"] >= start) & (lines["order_date"] < as_of)]
    weeks = buying["week"].nunique().reindex(out.index)
    add_categories(out, inside, categories, purchase, weeks)
    labelled = filled(by["known"].sum())
    out["private_label_share"] = filled(by["private"].sum()) / labelled.where(labelled != 0)
    full = purchase + discount
    out["discount_rate"] = discount / full.where(full != 0)
    out["weekend_order_share"] = filled(by["is_weekend"].sum()) / some
    out["evening_order_share"] = filled(by["is_evening"].sum()) / some
    ways = buying["channel"].value_counts().unstack()
    total = ways.sum(axis=1).reindex(out.index)
    for number, channel in enumerate(channels, start=1):
        out[f"channel_{number}_share"] = ways[channel].reindex(out.index).fillna(0) / total
    add_style(out, window, full)
    add_contacts(out, interactions, as_of, start, observed)
    out["as_of_date"] = as_of
    out["has_sufficient_history"] = (tenure >= LEAST_TENURE) & (count > 0)
    return out.reset_index()


def add_style(out: pd.DataFrame, window: pd.DataFrame, full: pd.Series) -> None:
    """Add the features of mornings, small orders and lines; full: undiscounted purchases."""
    columns = ["is_order", "is_morning", "is_small", "line_count", "discounted", "units"]
    total = window.groupby("customer_id")[columns].sum().reindex(out.index).fillna(0)
    orders = total["is_order"].where(total["is_order"] > 0)
    lines = total["line_count"].where(total["line_count"] > 0)
    out["morning_order_share"] = total["is_morning"] / orders
    out["small_order_share"] = total["is_small"] / orders
    out["discounted_line_share"] = total["discounted"] / lines
    out["price_per_line"] = full / lines
    out["quantity_per_line"] = total["units"] / lines


def add_categories(
    out: pd.DataFrame,
    inside: pd.DataFrame,
    categories: list[str],
    purchase: pd.Series,
    weeks: pd.Series,
) -> None:
    """Add the shares of categories, and how many a customer buys from in a week."""
    by_category = inside.pivot_table(
        index="customer_id", columns="category", values="purchase", aggfunc="sum"
    )
    for number, category in enumerate(categories, start=1):
        spent = by_category[category].reindex(out.index).fillna(0)
        out[f"category_{number}_share"] = spent / purchase.where(purchase != 0)
    bought = inside[inside["is_purchase"]]
    pairs = bought[["customer_id", "category", "week"]].drop_duplicates()
    counts = pairs.groupby("customer_id").size().reindex(out.index).fillna(0)
    out["category_breadth"] = counts / weeks


def add_contacts(
    out: pd.DataFrame,
    interactions: pd.DataFrame,
    as_of: pd.Timestamp,
    start: pd.Timestamp,
    observed: int,
) -> None:
    """Add the features made from interactions."""
    date = interactions["occurred_at"].dt.normalize()
    kind = interactions["interaction_type"]
    keys = ["customer_id", "campaign_id"]
    sent = interactions[kind == "campaign_sent"].groupby(keys)["occurred_at"].min()
    answers = kind.isin(["campaign_response", "coupon_redeemed"])
    answered = interactions[answers].groupby(keys)["occurred_at"].min()
    campaigns = sent.dt.normalize().to_frame("sent").join(answered.dt.normalize().rename("answer"))
    campaigns = campaigns[(campaigns["sent"] >= start) & (campaigns["sent"] < as_of)]
    campaigns["answered"] = campaigns["answer"] < as_of
    by = campaigns.groupby("customer_id")
    coupons = interactions[(kind == "coupon_redeemed") & (date >= start) & (date < as_of)]
    coupon_count = coupons.groupby("customer_id").size().reindex(out.index).fillna(0)
    out["coupons_per_28_days"] = coupon_count * 28 / observed
    out["campaigns_per_28_days"] = by.size().reindex(out.index).fillna(0) * 28 / observed
    out["campaign_response_rate"] = by["answered"].mean().reindex(out.index)


def largest(values: pd.Series, count: int) -> list[str]:
    """Names of the largest, ties by name."""
    table = values.rename("value").rename_axis("name").reset_index()
    ordered = table.sort_values(["value", "name"], ascending=[False, True])
    names: list[str] = ordered["name"].tolist()
    return names[:count]


def main() -> None:
    """Run it all and print what it took."""
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    lines = accepted_lines(folder)
    orders = orders_of(lines)
    lines = lines.merge(
        orders[["customer_id", "order_id", "date"]], on=["customer_id", "order_id"]
    ).rename(columns={"date": "order_date"})
    lines["week"] = (lines["order_date"] - MONDAY).dt.days // 7
    first = lines[lines["is_purchase"]].groupby("customer_id")["ordered_at"].min()
    snapshots = snapshots_of(orders)
    shortest = int(snapshots["observed"].min())
    interactions = pd.read_parquet(folder / "interactions.parquet")
    current = snapshots.iloc[0]
    is_now = (lines["order_date"] >= current["from"]) & (
        lines["order_date"] < current["as_of_date"]
    )
    named = lines[is_now & (lines["category"] != "unknown")]
    categories = largest(named.groupby("category")["purchase"].sum(), 8)
    is_now = orders["is_order"] & (orders["date"] >= current["from"])
    channels = largest(orders[is_now].groupby("channel").size(), 3)
    frames = [
        features_of(lines, orders, interactions, first, one, shortest, categories, channels)
        for _, one in snapshots.iterrows()
    ]
    features = pd.concat(frames, ignore_index=True)
    after_features = seconds_since_start()
    names = [
        name
        for name in features.columns
        if name not in ("customer_id", "as_of_date", "has_sufficient_history")
    ]
    used = features[features["has_sufficient_history"]]
    is_current = used["as_of_date"] == current["as_of_date"]
    scaler = StandardScaler()
    scaled = scaler.fit_transform(used.loc[is_current, names].fillna(0))
    models = [KMeans(k, n_init=10, random_state=0).fit(scaled) for k in KS]
    segments = models[2].predict(scaler.transform(used[names].fillna(0)))
    features.to_parquet(output)
    result = {
        "seconds": seconds_since_start(),
        "after_features": after_features,
        "peak": peak_bytes(),
        "line_count": len(lines),
        "row_count": len(features),
        "segment_count": len(set(segments)),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
