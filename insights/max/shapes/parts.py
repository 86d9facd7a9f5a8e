"""Parts that several kinds of questions have."""

import re
from collections.abc import Iterable, Sequence

from insights.max.events import Mention
from insights.max.measures import PEOPLE, property_at
from insights.max.question import Property
from insights.max.sentence import Sentence
from insights.max.vocabulary import Vocabulary, quoted

BY = (
    r"\b(?:(?:broken|break|breaking)(?: it| them| that)? down by|break down|breakdown by|split by"
    r"|group(?:ed)? by|segmented by|by|per|for each|for every|across|(?:in|from|on) each|in every)"
    r"\s+(?:(?:the|each|different|all|every|their)\s+)?"
)
EVENT_NAMES = r"(?:event (?:names?|types?|kinds?)|events?|actions?)\b"
PERSONS = rf"(?:user|person|customer|visitor|{PEOPLE})\b"
STOPS = set(
    """
    a about all am an and any are as at average be been being below better both but by can chart
    compare could count counts create did display do does doing done each every fetch figure
    find for from get give given graph had happen happened happening happens has have having how
    i if in insight into is it its just know let like line list look looking made make many may
    me much my number of on or our out over overall overview people per person persons please
    plot product query question report s see select sent shape show showing so some stat
    statistics such table tell than that the their them then there these they this those time
    times to total trend trends trending us use used user users using value values view visitors
    want was we were what which who whole well will with would you your app site website
    customers customer events event visualize visualise development evolution performed
    performing triggered trigger occurred occur fired completed across during number data vs
    versus against per when got gets occurrences
    """.split()  # noqa: SIM905
)


def in_order(*mentions: Iterable[Mention]) -> list[Mention]:
    """As they stand in the text."""
    return sorted((each for some in mentions for each in some), key=lambda each: each.start)


def take_breakdown(sentence: Sentence, vocabulary: Vocabulary) -> Property | None:
    for match in re.finditer(BY, sentence.left):
        if named := named_group(sentence, vocabulary, match.end()):
            property, end = named
            sentence.blot(match.start(), end)
            return property
    return None


def named_group(
    sentence: Sentence, vocabulary: Vocabulary, position: int
) -> tuple[Property, int] | None:
    """What is grouped by: a property, the event or the person."""
    if found := property_at(sentence, vocabulary, position):
        return found
    if match := re.compile(EVENT_NAMES).match(sentence.left, position):
        return Property("event", "hogql"), match.end()
    if match := re.compile(PERSONS).match(sentence.left, position):
        by_email = "email" in vocabulary.person_properties
        return Property(
            "person.properties.email" if by_email else "distinct_id", "hogql"
        ), match.end()
    return None


def joined_by(sentence: Sentence, mentions: Sequence[Mention], words: str) -> bool:
    if len(mentions) != 2:
        return False
    between = sentence.left[mentions[0].end : mentions[1].start]
    return bool(re.fullmatch(rf"\W*(?:{words})\W*(?:the |a )?", between))


def nothing_found(sentence: Sentence, vocabulary: Vocabulary) -> str:
    rest = unread(sentence)
    said = f" Nothing here is called {' or '.join(quoted(rest))}." if rest else ""
    return f"I found no event of this project in the question.{said} {known_events(vocabulary)}"


def known_events(vocabulary: Vocabulary) -> str:
    if not vocabulary.events:
        return "This project has no events yet."
    return "Events of this project are " + ", ".join(quoted(vocabulary.events[:10])) + "."


def unread(sentence: Sentence) -> list[str]:
    """The words that mean something and were not taken, in their order."""
    words = (
        sentence.raw(word.start, word.end)
        for word in sentence.words()
        if word.text.strip(".$'-") and word.text.strip(".'-") not in STOPS
    )
    return list(dict.fromkeys(words))
