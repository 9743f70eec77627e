"""Names of product groups, from what the names of their products have in common.

A phrase of two words that many lines of a group have and few lines of others ("lunch bag", "cake
tins") says what the group is. Where no phrase is shared a word does, and else the most bought
product.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from models_py.arrays import Labels, Vector

WORD = re.compile(r"[^\W\d_]{3,}")  # letters only: sizes and colours by number say nothing
LITTLE = (
    "and assorted avec con das del der des die for from les mit pack para pour set the und with"
)
LITTLE_WORDS = frozenset(LITTLE.split(" "))
# Names with one of these words say nothing of a group; they are what it is named by last.
NO_GOODS = frozenset(
    ["coupon", "coupons", "manual", "misc", "miscellaneous", "other", "postage", "unknown"]
)
LEAST_PRODUCTS = 2  # that a phrase is shared by
LEAST_SHARE = {2: 0.10, 1: 0.20}  # of the lines of the group, for phrases of so many words
LISTING = re.compile(r"(?<=\w{4})\s*[/&,(]|(?<=\w{4})\s+-\s")
LONGEST = 40  # characters of a product's name that a group is named by


def phrases(name: str) -> Iterator[tuple[str, ...]]:
    """Pairs of words that follow each other, and single words, in small letters, each once."""
    words = [word for word in words_of(name) if word not in LITTLE_WORDS]
    yield from dict.fromkeys(pairwise(words))
    yield from dict.fromkeys((word,) for word in words if word not in NO_GOODS)


def words_of(name: str) -> list[str]:
    """Words of a name, in small letters."""
    return [word.lower() for word in WORD.findall(name)]


def group_names(names: Sequence[str], groups: Labels, lines: Vector) -> list[str]:
    """One name for each group, from 0, no two the same.

    names: (products), a name or an id. groups: (products), the numbers of their groups. lines:
    (products). A phrase counts by the lines that have it beyond those that it would have if it
    were as common in the group as in all.
    """
    inside: dict[int, Counter[tuple[str, ...]]] = defaultdict(Counter)
    shared: Counter[tuple[int, tuple[str, ...]]] = Counter()
    total: Counter[tuple[str, ...]] = Counter()
    members: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for name, group, count in zip(names, groups.tolist(), lines.tolist(), strict=True):
        members[group].append((-count, name))
        for phrase in phrases(name):
            inside[group][phrase] += count
            shared[group, phrase] += 1
            total[phrase] += count
    taken: set[str] = set()
    found = []
    for group in range(len(members)):
        size = -sum(count for count, _ in members[group])
        share = size / float(lines.sum())
        excess = {
            phrase: count - share * total[phrase]
            for phrase, count in inside[group].items()
            if shared[group, phrase] >= LEAST_PRODUCTS and count >= LEAST_SHARE[len(phrase)] * size
        }
        ranked = sorted(excess, key=lambda phrase: (-len(phrase), -excess[phrase], phrase))
        products = [name for _, name in sorted(members[group])]
        products.sort(key=lambda name: not NO_GOODS.isdisjoint(words_of(name)))
        own = [*map(" ".join, ranked), *products, f"group {group + 1}"]
        chosen = next(name for name in map(readable, own) if name.lower() not in taken)
        taken.add(chosen.lower())
        found.append(chosen)
    return found


def readable(name: str) -> str:
    """A name in capitals in small letters, as within a sentence; an id as it is."""
    text = " ".join(name.split())
    if any(map(str.isdigit, text.split(" ")[0])):
        return text
    # The first of several things that a sub-category lists.
    text = LISTING.split(text)[0][:LONGEST].strip()
    return text.lower() if text == text.upper() else text
