"""Lift of campaigns, through a whole build: against the raw rows and SciPy's Welch test."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import jinja2
import pytest
from scipy import stats

from shops import ROOT, SHOP, Builds, Built, build, copy_project, edit, read_csv

HORIZON = timedelta(days=28)
SENT = date(2024, 12, 1)
SENT_AGAIN = date(2024, 12, 20)
LATE = date(2025, 1, 21)
SNAPSHOT = "2024-11-25"
ORDINARY = [f"c{number:02}" for number in range(1, 25)]
HOLDOUT_SHARE = 0.4


def is_held_out(customer: str) -> bool:
    digest = hashlib.sha256(f"holdout:{customer}".encode()).hexdigest()
    return int(digest[:8], 16) / 2**32 < HOLDOUT_SHARE


def sent() -> list[tuple[str, str, str, date]]:
    """What was sent: to some, in two waves, to one who is held out, and too late to be over."""
    addressed = [c for c in ORDINARY if not is_held_out(c)]
    rows = [(c, "campaign_sent", "L1", SENT) for c in addressed[::2]]
    rows += [(c, "campaign_sent", "L1", SENT_AGAIN) for c in addressed[1:4:2]]
    rows += [(next(c for c in ORDINARY if is_held_out(c)), "campaign_sent", "L1", SENT)]
    rows += [(c, "campaign_response", "L1", SENT + timedelta(days=3)) for c in addressed[:4:2]]
    rows += [(c, "campaign_sent", "L2", LATE) for c in addressed]
    return rows


def build_lift(builds: Builds) -> Built:
    """Build the shop with two more campaigns and a holdout since October 2024."""
    folder = builds.folder("lift")
    shutil.copytree(SHOP, folder / "data")
    with (folder / "data" / "interactions.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            (customer, kind, campaign, "email", "", f"{day} 08:00:00")
            for customer, kind, campaign, day in sent()
        )
    root = copy_project(folder / "project")
    settings = root / "dbt_project" / "dbt_project.yml"
    edit(settings, "holdout_from_date: null", "holdout_from_date: 2024-10-04")
    edit(settings, "lift_min_customers: 30", "lift_min_customers: 2")
    edit(settings, "holdout_share: 0.1", f"holdout_share: {HOLDOUT_SHARE}")
    return build(folder / "data", folder / "warehouse", root=root, k=2, threads=2).checked()


CHAINS = [{"lift": build_lift}]


@pytest.fixture(scope="module")
def lift(builds: Builds) -> Built:
    return builds["lift"]


def lifts(built: Built, campaign: str) -> list[dict]:
    columns = ("segment_id", *FIGURES)
    rows = built.query(
        f"select {', '.join(columns)} from segment_lift where campaign_id = ?", campaign
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def spend_after(first_day: date) -> dict[str, Decimal]:
    """What ordinary customers spent in the days after a campaign, from the raw rows."""
    spent = dict.fromkeys(ORDINARY, Decimal(0))
    for row in read_csv(Path(SHOP) / "order_lines.csv"):
        if row["customer_id"] not in spent or not row["ordered_at"][:4].isdigit():
            continue
        if first_day <= date.fromisoformat(row["ordered_at"][:10]) < first_day + HORIZON:
            spent[row["customer_id"]] += Decimal(row["net_amount"])
    return spent


@pytest.mark.many_builds
def test_each_figure_is_that_of_the_raw_rows(lift: Built) -> None:
    assigned = dict(
        lift.query_build(
            "select customer_id, segment_id from segmentation.customer_assignments "
            "where as_of_date = ?",
            SNAPSHOT,
        )
    )
    after = spend_after(SENT)
    others = lift.query_build(
        "select customer_id, sum(spend) from features.orders "
        "where order_date >= ? and order_date < ? group by customer_id",
        SENT,
        SENT + HORIZON,
    )
    # Customers with odd rows are read from the build: the ordinary ones are most of them.
    after = {c: Decimal(0) for c in assigned} | dict(others) | after
    got = {c for c, kind, campaign, _ in sent() if (kind, campaign) == ("campaign_sent", "L1")}
    answered = {c for c, kind, *_ in sent() if kind == "campaign_response"}
    found = lifts(lift, "L1")
    assert {row["segment_id"] for row in found} == {assigned[c] for c in got}
    assert found
    for row in found:
        members = [c for c, segment in assigned.items() if segment == row["segment_id"]]
        free = [c for c in members if not is_held_out(c)]
        held = [c for c in members if is_held_out(c)]
        treated, answers = len(got & {*free}), len(answered & {*free})
        assert row["assigned_count"] == len(free)
        assert row["held_out_count"] == len(held)
        assert row["treated_count"] == treated
        assert row["contaminated_count"] == len(got & {*held})
        assert row["responded_count"] == answers
        welch = stats.ttest_ind(
            [float(after[c]) for c in free], [float(after[c]) for c in held], equal_var=False
        )
        interval = welch.confidence_interval(0.95)
        difference = (interval.low + interval.high) / 2
        assert row["spend_difference"] == pytest.approx(difference)
        # The quantile of t is an expansion: four digits at so few degrees of freedom.
        assert welch.df > 8
        assert row["spend_difference_lower"] == pytest.approx(interval.low, rel=1e-3)
        assert row["spend_difference_upper"] == pytest.approx(interval.high, rel=1e-3)
        share = treated / len(free) - len(got & {*held}) / len(held)
        assert row["lift_per_treated_customer"] == pytest.approx(difference / share)
        assert row["is_conclusive"] == (interval.low > 0 or interval.high < 0)


FIGURES = (
    "assigned_count",
    "treated_count",
    "responded_count",
    "held_out_count",
    "contaminated_count",
    "spend_difference",
    "spend_difference_lower",
    "spend_difference_upper",
    "lift_per_treated_customer",
    "is_conclusive",
)


@pytest.mark.many_builds
def test_a_campaign_waits_until_its_days_are_over(lift: Built) -> None:
    waiting = lift.query(
        "select is_complete, spend_difference, is_conclusive, finding, complete_from_date "
        "from segment_lift where campaign_id = 'L2'"
    )
    shown = "Its 28 days are over on 2025-02-18."
    assert set(waiting) == {(False, None, False, shown, date(2025, 2, 18))}


@pytest.mark.many_builds
def test_campaigns_from_before_the_holdout_are_not_measured(lift: Built) -> None:
    measured = {campaign for (campaign,) in lift.query("select campaign_id from segment_lift")}
    # K4 was first sent in February 2024, K1 on 2024-10-01 and again on 2024-10-03.
    assert measured == {"K2", "K3", "L1", "L2"}


def test_nothing_is_measured_until_the_date_is_set(shop: Built) -> None:
    assert shop.query("select count(*) from segment_lift") == [(0,)]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("degrees", "error"), [(8, 2e-3), (30, 2e-5), (1e6, 3e-9)])
def test_the_quantile_is_that_of_student(level: float, degrees: float, error: float) -> None:
    macros = (ROOT / "dbt_project" / "macros" / "intervals.sql").read_text(encoding="utf-8")
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["setting_within"] = lambda name, low, high: level
    asked = f"select {{{{ t_quantile('{degrees}', 'z') }}}} from (select {{{{ errors }}}} as z)"
    errors = environment.from_string(macros + "{{ interval_errors() }}").render()
    with duckdb.connect() as connection:
        (found,) = connection.execute(
            environment.from_string(macros + asked).render(errors=errors)
        ).fetchone()
    assert found == pytest.approx(stats.t.ppf(0.5 + level / 2, degrees), rel=error)


def test_no_interval_has_a_level_of_its_own() -> None:
    files = [*(ROOT / "dbt_project").rglob("*.sql")]
    sql = [re.sub("--.*", "", path.read_text(encoding="utf-8")) for path in files]
    # The quantiles that intervals of 80, 90, 95, 98 and 99% are made with.
    fixed = re.compile(r"\b(1\.28\d*|1\.64\d*|1\.9(6|59)\d*|2\.32\d*|2\.57\d*)\b")
    assert [found.group() for text in sql for found in fixed.finditer(text)] == []
    assert sum(text.count("macro wilson") for text in sql) == 1
