"""How well words of a question fit the name of an event or a property.

Words and names are cut into stems, `user signed up` into user, sign, up; weighed, since `user` and
`completed` say little; and compared by how much they share.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
LIGHT = 0.05
# What nearly every name or question has.
LIGHT_WORDS = (
    "a an the of to in on for at by with up and or is it was were are been had did".split()  # noqa: SIM905
)
WEIGHTS = {
    **dict.fromkeys(LIGHT_WORDS, LIGHT),
    **dict.fromkeys(["user", "event", "person", "people", "customer", "new"], 0.25),
    **dict.fromkeys(["geoip", "current", "property", "value"], 0.25),
    **dict.fromkeys(["nam", "typ", "titl"], 0.3),
    **dict.fromkeys(["complet", "perform", "happen", "occur", "finish", "succeed"], 0.4),
    **dict.fromkeys(["mad", "mak", "don"], 0.4),
    "initial": 0.5,
}
SAME = {
    "signin": "login",
    "logon": "login",
    "regist": "signup",
    "registr": "signup",
    "registrat": "signup",
    "buy": "purchas",
    "bought": "purchas",
    "buyer": "purchas",
    "order": "purchas",
    "sal": "purchas",
    "sold": "purchas",
    "send": "sent",
}
TYPO = 0.84
GOOD = 0.62


@dataclass(frozen=True, slots=True)
class Stems:
    stems: tuple[str, ...]
    joined: str
    """Without the light ones: `signup` for both `sign up` and `signup`."""
    weight: float


def fit(words: Sequence[str], name: str) -> float:
    """From 0 to 1."""
    ours, theirs = stems_of(" ".join(words)), stems_of(name)
    if not ours.joined or not theirs.joined:
        return 0.0
    if ours.joined == theirs.joined:
        return 1.0 if ours.stems == theirs.stems else 0.95 - 0.01 * len(ours.stems)
    shared, open_ = 0.0, list(theirs.stems)
    for stem in ours.stems:
        other = next((each for each in open_ if same(stem, each)), None)
        if other:
            open_.remove(other)
            shared += (weight(stem) + weight(other)) / 2
    score = 2 * shared / (ours.weight + theirs.weight)
    if len(ours.joined) > 4:
        score = max(score, typo(ours.joined, theirs.joined))
    return min(score, 0.99)


def same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) >= 4 and long.startswith(short))


def typo(one: str, other: str) -> float:
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio * 0.9 if ratio >= TYPO else 0.0


@lru_cache(4096)
def stems_of(name: str) -> Stems:
    stems = tuple(stem(part.lower()) for part in PARTS.findall(name))
    heavy = "".join(s for s in stems if weight(s) > 0.25 or s in ("up", "in"))
    return Stems(stems, SAME.get(heavy, heavy), sum(map(weight, stems)) or LIGHT)


def weight(stem: str) -> float:
    return WEIGHTS.get(stem, 1.0)


def stem(word: str) -> str:
    """The word without its ending; roughly."""
    if word in SAME:
        return SAME[word]
    if word == "ups":
        return "up"
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("es") and word[:-2].endswith(("s", "x", "ch", "sh")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is", "os")) and len(word) > 3:
        word = word[:-1]
    for ending in ("ations", "ation", "ings", "ing", "ed", "ion"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    if word.endswith("ll") and len(word) > 4:
        word = word[:-1]
    word = word.removesuffix("e") if len(word) > 3 else word
    return SAME.get(word, word)
