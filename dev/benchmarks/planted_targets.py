"""What is asked of the segments found in planted and structureless worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.planted import WorldResult
from benchmarks.report import Target
from benchmarks.world_shape import KINDS, SEPARATIONS, THEMES, WITHOUT_STRUCTURE
from models_py.selection import CONSTRUCTIVE, WEAK

TOLERANCE = 0.03  # that the index may lie under the oracle's
# Of 20 worlds; other numbers of worlds are held to the same shares.
EXACT_K = {"easy": 17 / 20, "medium": 14 / 20}
WEAK_SHARE = 1
MEDIUM_SHORTFALL, HARD_INDEX = 0.08, 0.55
LOST_INDEX, SEEN_INDEX = 0.05, 0.35


def targets(results: Sequence[WorldResult]) -> list[Target]:
    """The targets on worlds, each with the figure reached."""
    of_kind = {kind: [one for one in results if one.kind == kind] for kind in KINDS}
    exact = [_exact_target(kind, share, of_kind[kind]) for kind, share in EXACT_K.items()]
    near = [_near_target(kind, of_kind[kind]) for kind in SEPARATIONS]
    ahead = [_ahead_target(kind, of_kind[kind]) for kind in ("medium", "hard")]
    flat, easy = of_kind[WITHOUT_STRUCTURE], of_kind["easy"]
    weak = sum(one.verdict in (WEAK, CONSTRUCTIVE) for one in flat)
    least = _whole(WEAK_SHARE, flat)
    called = _target(
        "worlds without structure called weak or constructive",
        flat,
        f"{weak} of {len(flat)}",
        f"at least {least} of {len(flat)}",
        weak >= least,
    )
    weak = sum(one.verdict == WEAK for one in easy)
    missed = _target("easy worlds called weak", easy, f"{weak} of {len(easy)}", "none", weak == 0)
    return [*exact, *near, *ahead, *_harder_targets(of_kind), called, missed]


def _harder_targets(of_kind: Mapping[str, Sequence[WorldResult]]) -> list[Target]:
    """What is asked where groups overlap: of the median, and that no group is lost altogether."""
    medium = of_kind["medium"]
    shortfall = _median([one.shortfall for one in medium])
    found = [
        _target(
            "median shortfall to the oracle, medium worlds",
            medium,
            f"{shortfall:.3f}",
            f"at most {MEDIUM_SHORTFALL}",
            shortfall <= MEDIUM_SHORTFALL,
        )
    ]
    for theme in THEMES:
        own = [one for one in of_kind["hard"] if one.theme == theme]
        median = _median([one.index or 0.0 for one in own])
        what = "that differ in spend" if theme == "spend" else "that differ in other things"
        found.append(
            _target(
                f"median index, hard worlds {what}",
                own,
                f"{median:.3f}",
                f"at least {HARD_INDEX}",
                median >= HARD_INDEX,
            )
        )
    seen = [one for one in of_kind["hard"] if (one.notebook_index or 0.0) >= SEEN_INDEX]
    lost = sum((one.index or 0.0) < LOST_INDEX for one in seen)
    name = f"index below {LOST_INDEX} where the notebook has {SEEN_INDEX}, hard worlds"
    found.append(_target(name, seen, f"{lost} of {len(seen)}", "none", lost == 0))
    return found


def _target(
    name: str, worlds: Sequence[WorldResult], found: str, asked: str, is_met: bool
) -> Target:
    """A target on some worlds, not measured where there are none."""
    return Target(name, found if worlds else "no worlds", asked, is_met if worlds else None)


def _exact_target(kind: str, share: float, own: Sequence[WorldResult]) -> Target:
    exact, least = sum(one.k == one.planted_k for one in own), _whole(share, own)
    return _target(
        f"planted k found exactly, {kind} worlds",
        own,
        f"{exact} of {len(own)}",
        f"at least {least} of {len(own)}",
        exact >= least,
    )


def _near_target(kind: str, own: Sequence[WorldResult]) -> Target:
    near = sum(one.shortfall <= TOLERANCE for one in own)
    median = _median([one.shortfall for one in own])
    return _target(
        f"index at least the oracle's minus {TOLERANCE}, {kind} worlds",
        own,
        f"{near} of {len(own)} worlds; median shortfall {median:.3f}",
        f"median shortfall at most {TOLERANCE}",
        median <= TOLERANCE,
    )


def _ahead_target(kind: str, own: Sequence[WorldResult]) -> Target:
    ahead = [(one.index or 0.0) - (one.notebook_index or 0.0) for one in own]
    median = _median(ahead)
    return _target(
        f"ahead of the notebook recipe, {kind} worlds",
        own,
        f"paired median {median:+.3f}; ahead in {sum(one > 0 for one in ahead)} of {len(own)}",
        "paired median above 0",
        median > 0,
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _whole(share: float, worlds: Sequence[WorldResult]) -> int:
    """The number of worlds that a share of them means, not fewer than it says."""
    return int(np.ceil(share * len(worlds) - 1e-9))
