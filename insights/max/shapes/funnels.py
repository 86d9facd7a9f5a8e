"""Who did one thing and then another."""

import re
from collections.abc import Sequence
from datetime import datetime

from insights.max import times
from insights.max.events import Mention, take_mentions, take_verbatim
from insights.max.filters import Found, take_filters, take_known_values
from insights.max.question import Event, NotUnderstood, Question
from insights.max.sentence import Sentence
from insights.max.shapes.parts import in_order, known_events, take_breakdown
from insights.max.shapes.words import FUNNEL
from insights.max.vocabulary import Vocabulary

WINDOW = (
    r"\bwithin (?:a |an |the first )?(?P<number>\d{1,3})?\s?"
    r"(?P<unit>minute|hour|day|week|month)s?\b"
    r"(?: of (?:each other|signing up|the first(?: step)?))?"
)
OF_FUNNELS = [
    FUNNEL,
    r"\bconversions?(?: rate)?\b|\brate\b",
    r"\b(?:and|that|next|finally|before|between|step|steps|first|went|go|goes|on|move|complete)\b",
    r"\b(?:percentage|percent|proportion|share)\b",
]


def read_funnel(sentence: Sentence, question: Question, vocabulary: Vocabulary, now: datetime):
    mentions = take_verbatim(sentence, vocabulary)
    if match := sentence.take(WINDOW):
        question.window = (int(match["number"] or 1), match["unit"])
    if sentence.take(r"\b(?:directly|immediately|strictly)(?: (?:after|followed by))?\b"):
        question.order = "strict"
    if sentence.take(r"\bin any order\b"):
        question.order = "unordered"
    if sentence.take(r"\bhow long(?: does it take)?\b|\btime to convert\b|\bhow much time\b"):
        question.funnel_view = "time_to_convert"
    over_time = sentence.take(r"\bover time\b")
    question.range = times.take_range(sentence, now)
    question.interval = times.take_interval(sentence)
    if over_time or question.interval:
        question.funnel_view = "trends"
    found = take_filters(sentence, vocabulary)
    question.breakdown = take_breakdown(sentence, vocabulary)
    backwards = sentence.has(r"\bafter\b") and not sentence.has(
        r"\bthen\b|\bafter that\b|\bbefore\b"
    )
    mentions = in_order(mentions, take_mentions(sentence, vocabulary))
    mentions = with_pages(without_title(sentence, mentions), found, vocabulary)
    found += take_known_values(sentence, vocabulary)
    if len(mentions) < 2:
        named = f"I only found “{mentions[0].event}”. " if mentions else ""
        raise NotUnderstood(
            f"A funnel takes two events or more, such as “A then B”. {named}"
            + known_events(vocabulary)
        )
    question.events, question.filters = steps(mentions, found)
    if backwards:
        question.events.reverse()
    sentence.take(r"\bfunnel\b")
    for pattern in OF_FUNNELS:
        while sentence.take(pattern):
            pass


def without_title(sentence: Sentence, mentions: Sequence[Mention]) -> list[Mention]:
    """In `Signup funnel: page view, then sign up`, the first words only name it."""
    first = mentions[0] if len(mentions) > 2 else None
    is_title = first and re.compile(r"\s*funnel\b").match(sentence.left, first.end)
    return list(mentions[1:] if is_title else mentions)


def with_pages(
    mentions: Sequence[Mention], found: Sequence[Found], vocabulary: Vocabulary
) -> list[Mention]:
    """A page that is named is a step of its own, unless it says where a page view before it was."""
    steps = list(mentions)
    for page in [each for each in found if each.is_page]:
        before = [mention for mention in mentions if mention.start < page.position]
        if "$pageview" in vocabulary.events and not (before and before[-1].event == "$pageview"):
            steps.append(Mention("$pageview", page.position - 1, page.position))
    return sorted(steps, key=lambda mention: mention.start)


def steps(mentions: Sequence[Mention], found: Sequence[Found]):
    """Events with the filters that follow them, and the filters of the whole funnel: those of a
    page belong to the event before them, others only when another event comes after."""
    own: dict[int, list] = {number: [] for number in range(len(mentions))}
    general = []
    for each in found:
        before = [n for n, mention in enumerate(mentions) if mention.start < each.position]
        is_last = bool(before) and before[-1] == len(mentions) - 1
        if before and (each.is_page or not is_last):
            own[before[-1]].append(each.filter)
        else:
            general.append(each.filter)
    events = [Event(mention.event, tuple(own[n])) for n, mention in enumerate(mentions)]
    return events, general
