"""The events that a question is about."""

import re
from dataclasses import dataclass

from insights.max.question import NotUnderstood
from insights.max.sentence import Sentence, Word
from insights.max.vocabulary import Vocabulary, quoted

# How people speak of the events that SDKs capture by themselves.
SPOKEN = [
    (
        "$pageview",
        r"page[ -]?views?|page (?:visits?|loads?|hits?)|(?:web(?:site)? )?traffic"
        r"|(?:view|visit|open|look at|see|saw)(?:ed|s|ing)? (?:(?:a|any|the|our|us) )?"
        r"(?:pages?|web ?sites?|sites?|home ?page)"
        r"|visit(?:s|ed|ing)?|visited us|came to (?:the|our) site",
    ),
    ("$pageleave", r"page[ -]?leaves?|left (?:a|the) page"),
    ("$exception", r"(?:uncaught |javascript )?(?:exceptions?|errors?|crash(?:es|ed)?)"),
    ("$rageclick", r"rage[ -]?click(?:s|ed)?"),
    ("$autocapture", r"(?:auto[ -]?captures?|autocaptured events?|click(?:s|ed)?)"),
    ("$screen", r"screen views?|screens? viewed"),
    ("$identify", r"identif(?:y|ies|ications?)"),
]  # fmt: skip
LONGEST = 6
SURE = 0.85


@dataclass(frozen=True, slots=True)
class Mention:
    event: str
    start: int
    end: int


def take_mentions(sentence: Sentence, vocabulary: Vocabulary) -> list[Mention]:
    """The events in the order of the text. Raises NotUnderstood for what could be several."""
    found = [
        *take_fitting(sentence, vocabulary, SURE),
        *take_spoken(sentence, vocabulary),
        *take_fitting(sentence, vocabulary, 0.0),
    ]
    return sorted(found, key=lambda mention: mention.start)


def take_verbatim(sentence: Sentence, vocabulary: Vocabulary) -> list[Mention]:
    """Names as they are, quoted or not; the longest first, since one may begin another."""
    found = []
    for name in sorted(vocabulary.events, key=len, reverse=True):
        text = re.escape(name.lower())
        if not text:
            continue
        pattern = rf"[\"'`]{text}[\"'`](?: events?)?|(?<![\w$]){text}(?![\w$])(?: events?)?"
        while match := sentence.take(pattern):
            found.append(Mention(name, *match.span()))
    return found


def take_spoken(sentence: Sentence, vocabulary: Vocabulary) -> list[Mention]:
    found = []
    for event, pattern in SPOKEN:
        while event in vocabulary.events and (match := sentence.take(rf"\b(?:{pattern})\b")):
            found.append(Mention(event, *match.span()))
    return found


def take_fitting(sentence: Sentence, vocabulary: Vocabulary, least: float) -> list[Mention]:
    """The words that fit best, again and again until none fit."""
    found = []
    while best := best_fit(sentence, vocabulary, least):
        sentence.blot(best.start, best.end)
        found.append(best)
    return found


def best_fit(sentence: Sentence, vocabulary: Vocabulary, least: float) -> Mention | None:
    best: tuple[float, list[str], list[Word]] = (least, [], [])
    for run in sentence.runs():
        for words in windows(run):
            names, score = vocabulary.fitting_events([word.text for word in words])
            if score > best[0]:
                best = (score, names, words)
    _, names, words = best
    if not names:
        return None
    if len(names) > 1:
        said = sentence.raw(words[0].start, words[-1].end)
        raise NotUnderstood(
            f"“{said}” could be {' or '.join(quoted(names[:4]))}. Name the one you mean."
        )
    return Mention(names[0], words[0].start, words[-1].end)


def windows(run: list[Word]):
    for size in range(min(LONGEST, len(run)), 0, -1):
        for start in range(len(run) - size + 1):
            yield run[start : start + size]
