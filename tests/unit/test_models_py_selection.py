"""The choice of k on evidence made by hand: which rule decides, and who stays at home."""

import pytest

from models_py.config import FitSettings
from models_py.selection import Evidence, choose


def evidence(k: int, **measured: float) -> Evidence:
    """Clear structure, unless told otherwise."""
    known = {"gap": 0.3, "stability": 0.9, "jaccard": 0.9, "separation": 0.5} | measured
    return Evidence(k=k, smallest_share=known.pop("share", 0.1), spread=0.005, **known)


def chosen(*candidates: Evidence, active_k: int | None = None) -> int:
    settings = FitSettings(active_k=active_k)
    judged = choose(candidates, settings, limit=100)
    assert sum(one.is_chosen for one in judged) == 1
    assert all(one.choice_reason for one in judged)
    return next(e.k for e, one in zip(candidates, judged, strict=True) if one.is_chosen)


def test_the_largest_k_whose_segments_are_apart() -> None:
    assert chosen(evidence(3), evidence(4), evidence(5, separation=0.01)) == 4


@pytest.mark.parametrize(
    ("separation", "jaccard", "expected"), [(0.75, 0.93, 5), (0.2, 0.93, 4), (0.75, 0.7, 4)]
)
def test_deep_valleys_need_no_half_of_the_best_gap(
    separation: float, jaccard: float, expected: int
) -> None:
    finer = evidence(5, gap=0.1, separation=separation, jaccard=jaccard)
    assert chosen(evidence(4), finer) == expected


def test_a_k_with_too_small_a_segment_is_out() -> None:
    assert chosen(evidence(3), evidence(4, share=0.019)) == 3


def test_without_structure_the_largest_k_that_half_samples_agree_on() -> None:
    cloud = {"gap": 0.01, "separation": -0.2}
    found = chosen(
        evidence(3, stability=0.9, **cloud),
        evidence(4, stability=0.76, **cloud),
        evidence(5, stability=0.74, **cloud),
    )
    assert found == 4


def test_an_overlapping_choice_that_would_be_weak_leaves_it_to_stability() -> None:
    """Gap by skew, no valley: the gap says little, so stability decides (k=3 and not k=7)."""
    found = chosen(
        evidence(3, gap=0.03, stability=0.83, separation=-0.3),
        evidence(7, gap=0.07, stability=0.53, separation=-0.3),
    )
    assert found == 3


def test_an_overlapping_choice_that_comes_back_is_taken() -> None:
    found = chosen(
        evidence(3, gap=0.07, stability=0.75, separation=0.02),
        evidence(5, gap=0.12, stability=0.8, separation=0.03),
    )
    assert found == 5


@pytest.mark.parametrize(("active_k", "expected"), [(None, 5), (4, 4), (8, 5)])
def test_an_active_k_stays_while_it_passes(active_k: int | None, expected: int) -> None:
    candidates = (evidence(4), evidence(5, separation=0.1))
    assert chosen(*candidates, active_k=active_k) == expected


def test_an_active_k_gives_way_to_one_that_is_clearly_better() -> None:
    assert chosen(evidence(4), evidence(5, separation=0.2), active_k=4) == 5


def test_an_active_k_that_fails_gives_way() -> None:
    assert chosen(evidence(4, separation=0.01), evidence(5, separation=0.1), active_k=4) == 5


@pytest.mark.parametrize(("stability", "expected"), [(0.66, 3), (0.64, 4)])
def test_in_a_cloud_the_active_k_stays_while_half_samples_nearly_agree(
    stability: float, expected: int
) -> None:
    cloud = {"gap": 0.01, "separation": -0.2}
    candidates = (evidence(3, stability=stability, **cloud), evidence(4, stability=0.8, **cloud))
    assert chosen(*candidates, active_k=3) == expected
