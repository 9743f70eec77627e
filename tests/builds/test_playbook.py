"""The playbook: its seed, the page that explains it, and what a wrong rule says."""

from __future__ import annotations

import re

import duckdb
import pytest
import yaml

from common.project_sql import ProjectSql
from shops import ROOT, SHOP, Builds, Built, build, copy_project, edit, read_csv

SEED = ROOT / "dbt_project" / "seeds" / "playbook_rules.csv"
TEXTS = ("objective", "offer", "positioning", "kpi_label")


def build_wrong_rules(builds: Builds) -> Built:
    """Build with a bound that is no number and a strategy that there is not."""
    folder = builds.folder("wrong_rules")
    root = copy_project(folder / "project")
    seed = root / "dbt_project" / "seeds" / SEED.name
    edit(seed, "retention index <= 80 surely", "retention index <= eighty")
    edit(seed, "\n16,nurture,", "\n16,nourish,")
    return build(SHOP, folder / "warehouse", root=root, threads=2)


CHAINS = [{"wrong_rules": build_wrong_rules}]


@pytest.fixture(scope="module")
def rules() -> list[dict[str, str]]:
    return read_csv(SEED)


@pytest.mark.many_builds
@pytest.mark.short
def test_a_wrong_rule_is_one_clear_error(builds: Builds) -> None:
    built = builds["wrong_rules"]
    assert built.code == 4, built.output
    shown = built.output.strip().splitlines()[-1]
    assert shown.startswith("Error: playbook_rules.csv: row 4, column conditions: ")
    assert "found 'retention index <= eighty'" in shown
    assert "(and 1 more)" in shown
    assert "Loading" in built.output
    assert "Running dbt" not in built.output
    assert not built.marts.exists()


def test_some_archetype_reaches_each_rule(rules: list[dict[str, str]]) -> None:
    file = ROOT / "dbt_project/models/segmentation/activation/_playbook__unit_tests.yml"
    defined = yaml.safe_load(file.read_text(encoding="utf-8"))["unit_tests"]
    (tested,) = [t for t in defined if t["name"] == "archetypes_get_what_a_textbook_gives_them"]
    # dbt takes the rows of a seed where a test gives none.
    assert {"input": "ref('playbook_rules')"} in tested["given"]
    reached = {(row["rule_order"], row["strategy"]) for row in tested["expect"]["rows"]}
    assert reached == {(int(rule["rule_order"]), rule["strategy"]) for rule in rules}


def test_the_page_tells_the_rules_in_their_order(rules: list[dict[str, str]]) -> None:
    page = (ROOT / "docs" / "playbook.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (\d+) \| ([\w ]+) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    expected = [
        (rule["rule_order"], rule["strategy"], rule["meaning"], spoken(rule)) for rule in rules
    ]
    assert shown == expected


def spoken(rule: dict[str, str]) -> str:
    """The conditions of a rule as the page has them."""
    return "none" if rule["conditions"] == "any" else f"`{rule['conditions']}`"


def test_the_page_names_every_measure() -> None:
    page = (ROOT / "docs" / "playbook.md").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        known = ProjectSql(connection).call("playbook_vocabulary")["measures"]
    words = set(re.findall(r"[\w:]+", page))
    for measure, entry in known.items():
        names = entry.get("names", [])
        missing = {f"{measure}:{n}" for n in names if n not in words} - words
        assert not missing
        assert names or measure in words


def test_nothing_is_promised_at_no_cost(rules: list[dict[str, str]]) -> None:
    assert not [rule for rule in rules for text in rule.values() if "no further cost" in text]


def test_what_leaves_is_not_told_to_grow(rules: list[dict[str, str]]) -> None:
    order = {
        strategy: [int(r["rule_order"]) for r in rules if r["strategy"] == strategy]
        for strategy in ("repair", "win back", "grow")
    }
    assert max(order["repair"]) < min(order["win back"])
    assert max(order["win back"]) < min(order["grow"])


def test_measures_of_rules_are_the_figures_of_the_marts(shop: Built) -> None:
    measured = {
        (segment, measure): bounds
        for segment, measure, *bounds in shop.query_build(
            "select segment_id, measure, estimate, lower_value, upper_value "
            "from segmentation.int_segment_measures"
        )
    }
    assert all(
        lower <= estimate <= upper
        for estimate, lower, upper in measured.values()
        if None not in (estimate, lower, upper)
    )
    expected = shop.query(
        "select segment_id, 'feature:' || feature || ' difference', standardised_difference "
        "from segment_profiles where standardised_difference is not null "
        "union all select segment_id, 'feature:' || feature || ' index', index_value "
        "from segment_profiles where index_value is not null "
        "union all select segment_id, 'retention index', retention_index from segment_playbook "
        "union all select segment_id, 'orders mean', orders_per_customer from segment_summary "
        "union all select segment_id, 'attribute:' || attribute || '=' || value || ' share', "
        "customer_share from segment_demographics where not is_combined and not is_small_group "
        "union all select segment_id, 'stage:' || lifecycle_stage || ' share', "
        "count(*) / sum(count(*)) over (partition by segment_id) "
        "from customer_segments where status = 'segmented' group by segment_id, lifecycle_stage"
    )
    kinds = {measure.partition(":")[0].partition(" ")[0] for _, measure, _ in expected}
    assert kinds == {"feature", "retention", "orders", "attribute", "stage"}
    for segment, measure, value in expected:
        assert measured[segment, measure][0] == pytest.approx(value, rel=1e-9), measure


def test_the_page_names_every_placeholder(rules: list[dict[str, str]]) -> None:
    page = (ROOT / "docs" / "playbook.md").read_text(encoding="utf-8")
    macro = (ROOT / "dbt_project" / "macros" / "playbook.sql").read_text(encoding="utf-8")
    listed = re.search(r"'placeholders': \[(.*?)\]", macro, re.DOTALL)[1]
    placeholders = set(re.findall(r"'(\w+)'", listed))
    assert set(re.findall(r"`\{(\w+)\}`", page)) == placeholders
    used = {
        name for rule in rules for text in rule.values() for name in re.findall(r"{(\w+)}", text)
    }
    assert used <= placeholders


def test_every_segment_has_a_playbook_without_open_places(shop: Built) -> None:
    rows = shop.query(f"select {', '.join(TEXTS)}, strategy_reason from segment_playbook")
    assert len(rows) == shop.one("select count(*) from segment_summary")[0]
    assert not [text for row in rows for text in row if re.search(r"[{}]", text)]


def test_who_stays_away_is_won_back_and_who_brings_most_is_protected(shop: Built) -> None:
    strategies = dict(shop.query("select segment_name, strategy from segment_playbook"))
    fashion = next(name for name in strategies if "Fashion" in name)
    books = next(name for name in strategies if "Books" in name)
    # c17 to c24 bought until June 2024; c09 to c16 buy for 150 and more at a time.
    assert strategies[fashion] == "win back"
    assert strategies[books] == "protect"


def test_the_ceiling_is_that_of_the_snapshots(shop: Built) -> None:
    """Rates of moving, counted here from the assignments."""
    assigned = shop.query_build(
        "select customer_id, segment_id, as_of_date from segmentation.customer_assignments"
    )
    rank = dict(shop.query("select segment_id, future_spend_rank from segment_playbook"))
    at = {(customer, day): segment for customer, segment, day in assigned}
    days = sorted({day for *_, day in assigned})
    steps: dict[int, list[int]] = {}
    for customer, segment, day in assigned:
        later = next((d for d in days if (d - day).days == 84), None)
        if later is None:
            continue
        went = at.get((customer, later))
        down = went is None or rank[went] > rank[segment]
        up = went is not None and rank[went] < rank[segment]
        steps.setdefault(segment, []).append(up - down)
    found = shop.query(
        "select segment_id, net_rate, customer_count, future_spend_gap, opportunity_ceiling_amount "
        "from segment_playbook where net_rate is not null"
    )
    assert found
    for segment, net_rate, members, gap, ceiling in found:
        expected = sum(steps[segment]) / len(steps[segment])
        assert net_rate == pytest.approx(expected, abs=1e-12)
        assert ceiling == pytest.approx(max(0.0, members * gap * expected), abs=1e-6)


def test_no_constant_uplift_stands_in_the_playbook() -> None:
    folder = ROOT / "dbt_project/models/segmentation/activation"
    described = yaml.safe_load((folder / "_playbook__models.yml").read_text(encoding="utf-8"))
    files = [folder / f"{model['name']}.sql" for model in described["models"]]
    texts = [path.read_text(encoding="utf-8") for path in files]
    texts.append((ROOT / "dbt_project/models/marts/segments/segment_playbook.sql").read_text())
    # A median is no rate.
    spoken = re.compile(r"--.*|percentile_cont\(0\.5\)")
    texts = [spoken.sub("", text) for text in texts]
    numbers = {n for text in texts for n in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text)}
    # Decimal types, 100 as the average, signs, steps and the highest score: no rate among them.
    assert numbers <= {"0", "1", "2", "3", "4", "5", "9", "18", "28", "38", "100"}
