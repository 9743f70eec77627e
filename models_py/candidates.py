"""What the segments of the candidates of a scan are like, in the words of the feature catalogue.

A candidate that is not chosen has no ids, no members that anybody can look up and no profile in the
marts. Its short profile is made from what the scan has of it: sizes, and centres in standard
deviations. `segment_names` names the published segments, by means in original units.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models_py.arrays import Counts, Matrix, Vector
from models_py.config import FitSettings
from models_py.needs import NeedsModel

AVERAGE, ALL_ROUND = "near the average in everything", "all-round, no pronounced need"
REST = "the rest"  # the end of a need that no feature stands for
PHRASES = 2  # of a name, where they tell it from the others; more where they do not
DIFFERENCES = 4  # of a profile
NAME_WORDS, CUT = 8, "…"  # of a name, at most, and what stands for those left out
# "Strong in bread and strong in fruit" is said as "strong in bread and fruit".
SHARED_STARTS = ("strong in ", "light in ", "heavy on ", "light on ")
Phrase = tuple[int, str]
"""A phrase, and its place among those of a name."""


@dataclass(frozen=True)
class Words:
    """How a feature is called, and what high and low values of it mean."""

    label: str
    high: str
    low: str
    family: str
    position: int


def words_of(definitions: pa.Table) -> dict[str, Words]:
    """Words of each feature by name; its name in words where definitions have none."""
    found = {}
    for row in definitions.to_pylist():
        spoken = row["feature"].replace("_", " ")
        found[row["feature"]] = Words(
            row.get("label") or spoken,
            row.get("higher_means") or f"high in {spoken}",
            row.get("lower_means") or f"low in {spoken}",
            row["family"],
            row["position"],
        )
    return found


def with_profiles(
    rows: list[dict[str, Any]],
    scaling: pa.Table,
    words: Mapping[str, Words],
    settings: FitSettings,
) -> list[dict[str, Any]]:
    """The rows of a scan with the profiles of their segments, found by K-means, put into them.

    scaling: of the features that customers were compared by.
    """
    used = [row for row in scaling.to_pylist() if row["is_used"]]
    used.sort(key=lambda row: row["position"])
    own = [words[row["feature"]] for row in used]
    scale = np.array([row["scale_factor"] * row["standard_deviation"] for row in used])
    for row in rows:
        if row["centroids"]:
            differences = np.array(row["centroids"]) / scale
            phrases = [_phrases(line, own, settings) for line in differences]
            names = distinct(phrases, ", ".join, AVERAGE)
            row["candidate_segments"] = _text(
                names, row["cluster_sizes"], differences, own, settings
            )
    return rows


def add_needs_profiles(
    row: dict[str, Any],
    model: NeedsModel,
    shares: Vector,
    means: Matrix,
    words: Mapping[str, Words],
    settings: FitSettings,
) -> None:
    """Put the profiles of a cut by needs into its row.

    shares: (segments) of the customers it was learned from. means: (axes x segments) of scores; a
    column of it times the loadings is how far each feature, spend taken out, is from the average.
    """
    own = [words[column.feature] for column in model.columns]
    blocks = [column.block for column in model.columns]
    ends = [
        _end(sign * model.loadings[:, axis], own, blocks, settings)
        for axis in range(model.axes)
        for sign in (1, -1)
    ]
    names = [_capital(ALL_ROUND), *distinct(ends, _joined, REST)]
    sizes = row["cluster_sizes"] or np.rint(shares * row["customer_count"]).astype(int).tolist()
    row["candidate_segments"] = _text(names, sizes, (model.loadings @ means).T, own, settings)


def _text(
    names: Sequence[str],
    sizes: Sequence[int],
    differences: Matrix,
    own: Sequence[Words],
    settings: FitSettings,
) -> str:
    """Names, sizes and largest differences (segments x features), as JSON."""
    segments = [
        {"customers": size, "name": name, "profile": _profile(line, own, settings)}
        for name, size, line in zip(names, sizes, differences, strict=True)
    ]
    return json.dumps(segments, ensure_ascii=False)


def _reported(differences: Vector, settings: FitSettings) -> Counts:
    """Indexes of the differences that are reported, the largest first."""
    distances = np.abs(differences)
    order = np.argsort(-distances, kind="stable")
    found: Counts = order[distances[order] >= settings.min_spoken_difference]
    return found


def _profile(differences: Vector, own: Sequence[Words], settings: FitSettings) -> str:
    """The largest differences, in standard deviations from the mean of all customers."""
    largest = _reported(differences, settings)[:DIFFERENCES]
    return ", ".join(f"{own[at].label} {differences[at]:+.1f}" for at in largest)


def _phrases(differences: Vector, own: Sequence[Words], settings: FitSettings) -> list[Phrase]:
    """What sets a segment apart: each family once before any comes twice."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, Phrase]] = []
    for at in _reported(differences, settings):
        phrase = own[at].high if differences[at] > 0 else own[at].low
        very = "very " if abs(differences[at]) >= settings.large_difference else ""
        placed = (own[at].position, very + phrase)
        ranked.append((seen[own[at].family], len(ranked), placed))
        seen[own[at].family] += 1
    return [placed for _, _, placed in sorted(ranked)]


def _end(
    loadings: Vector, own: Sequence[Words], blocks: Sequence[str], settings: FitSettings
) -> list[Phrase]:
    """What an end of a need stands for, as in `feature_catalog`.

    What customers there are high in, one of each block before a second of any, and then what they
    are low in.
    """
    seen: Counter[tuple[bool, str]] = Counter()
    ranked: list[tuple[bool, int, int, str]] = []
    for at in np.argsort(-np.abs(loadings), kind="stable"):
        if abs(loadings[at]) < settings.min_need_loading:
            break
        is_low = bool(loadings[at] < 0)
        phrase = own[at].low if is_low else own[at].high
        ranked.append((is_low, seen[is_low, blocks[at]], len(ranked), phrase))
        seen[is_low, blocks[at]] += 1
    phrases = [phrase for *_, phrase in sorted(ranked)]
    second = next((one for one in phrases[1:] if _has_room(_joined([phrases[0], one]))), None)
    if second is None:
        return list(enumerate(phrases[:1]))
    others = [phrase for phrase in phrases[1:] if phrase != second]
    return list(enumerate([phrases[0], second, *others]))


def _joined(phrases: Sequence[str]) -> str:
    """Phrases as the end of a need has them: what two in a row start with is said once."""
    text = ""
    for before, phrase in zip(["", *phrases], phrases, strict=False):
        start = next((one for one in SHARED_STARTS if before.startswith(one)), None)
        if start and phrase.startswith(start):
            text += " and " + phrase.removeprefix(start)
        else:
            text += (", " if text else "") + phrase
    return text


def distinct(
    phrases: Sequence[Sequence[Phrase]], join: Callable[[Sequence[str]], str], otherwise: str
) -> list[str]:
    """Names of the segments of one candidate, no two alike, as `segment_names` chooses them.

    phrases: of each segment, the strongest first. join: makes one text of some. Names have at most
    NAME_WORDS words. Segments that no name tells apart are numbered.
    """
    longest = max(PHRASES, *(len(own) for own in phrases))
    offered = [_offered(own, longest, join, otherwise) for own in phrases]
    of_all = [one for own in offered for one in own]
    held = Counter((one.length, one.name) for one in of_all)
    strongest = Counter((one.length, one.name) for one in of_all if one.is_strongest)
    names = []
    for own in offered:
        counts = [(strongest if one.is_strongest else held)[one.length, one.name] for one in own]
        alone = (one for one, count in zip(own, counts, strict=True) if count == 1)
        names.append(_capital(next(alone, own[0]).name))
    taken: Counter[str] = Counter()
    for at, name in enumerate(names):
        taken[name] += 1
        if taken[name] > 1:
            names[at] = f"{name} ({taken[name]})"
    return names


@dataclass(frozen=True)
class _Offer:
    """A name that a segment may have.

    length: how many phrases names of this kind have. is_strongest: whether they are the strongest
    ones, and not the strongest and another.
    """

    length: int
    is_strongest: bool
    name: str


def _offered(
    own: Sequence[Phrase], longest: int, join: Callable[[Sequence[str]], str], otherwise: str
) -> list[_Offer]:
    """The names of a segment that there is room for, in the order in which they are tried."""
    kinds = [(PHRASES, True, own[:PHRASES])]
    kinds += [(PHRASES, False, [own[0], other]) for other in own[PHRASES:]]
    kinds += [(length, True, own[:length]) for length in range(PHRASES + 1, longest + 1)]
    found = [
        _Offer(length, is_strongest, name or otherwise)
        for length, is_strongest, chosen in kinds
        if _has_room(name := _fitted(chosen, join))
    ]
    if _has_room(_fitted(own[:PHRASES], join)):
        return found
    return [*found, _Offer(1, is_strongest=True, name=_cut(_fitted(own[:1], join)))]


def _fitted(phrases: Sequence[Phrase], join: Callable[[Sequence[str]], str]) -> str:
    """One text of phrases, without "very" where that leaves no room."""
    texts = [one for _, one in sorted(phrases)]
    name = join(texts)
    return name if _has_room(name) else join([one.removeprefix("very ") for one in texts])


def _cut(name: str) -> str:
    """The words of a name that there is room for."""
    if _has_room(name):
        return name
    return " ".join(name.split(" ")[:NAME_WORDS]).rstrip(" ,;:&>/(+-") + CUT


def _has_room(name: str) -> bool:
    return len(name.split(" ")) <= NAME_WORDS


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
