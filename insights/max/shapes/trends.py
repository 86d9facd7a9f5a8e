"""How often, by how many, how much."""

import re
from collections.abc import Sequence
from datetime import datetime

from insights.max import times
from insights.max.events import Mention, take_mentions, take_verbatim
from insights.max.filters import Found, take_filters, take_known_values
from insights.max.measures import PEOPLE, take_activity, take_measure
from insights.max.question import Event, Measure, NotUnderstood, Property, Question
from insights.max.sentence import Sentence
from insights.max.shapes.parts import (
    in_order,
    joined_by,
    named_group,
    nothing_found,
    take_breakdown,
)
from insights.max.vocabulary import Vocabulary

PREVIOUS = (
    r"\b(?:compared? (?:(?:it|that|this|them) )?(?:to|with|against)|vs\.?|versus|relative to)"
    r" (?:the )?(?:previous|prior|preceding|last|same)"
    r"(?: (?:period|time range|(?P<unit>day|week|month|quarter|year)))?\b"
    r"|\b(?P<unit2>week|month|day|year)[ -]over[ -](?P=unit2) comparison\b"
)
RANKED = (
    r"\b(?:top|leading|biggest)(?: (?P<n>\d{1,3}))? (?:most \w+ )?"
    r"|\b(?P<n2>\d{1,3}) most (?:common|popular|used|frequent|visited|viewed|active) "
    r"|\bmost (?:common|popular|(?:frequently |often )?used|frequent|visited|viewed|active) "
)
WHICH = r"\b(?:which|what)\s+"
SUPERLATIVE = (
    r"\b(?:by )?(?:the )?(?:most(?: often)?|highest(?: number of)?|biggest|greatest|largest)\b"
)
RATIO = (
    r"\b(?:ratio|proportion|percentage|share|percent|fraction)(?: of| between)?\b|\bdivided by\b"
)


def read_trend(sentence: Sentence, question: Question, vocabulary: Vocabulary, now: datetime):
    mentions = take_verbatim(sentence, vocabulary)
    asks_for_number = sentence.has(
        r"^\W*(?:(?:what|how)(?:'s| is| was| are| were)? (?:the |our )?)?"
        r"(?:many|much|often|total|number|count|average|median|mean|sum|max|min|unique|p\d\d)"
    ) or sentence.has(r"^\W*what(?:'s| is| was) the")
    over_time = sentence.take(r"\bover time\b|\bas a line chart\b") or sentence.has(
        r"\btrends?\b|\bgraph\b|\bchart\b|\bplot\b|\bdevelop|\bevol"
    )
    question.compare_to = take_previous(sentence)
    question.range = times.take_range(sentence, now)
    take_ranking(sentence, question, vocabulary)
    activity = take_activity(sentence)
    question.interval = (activity and activity[1]) or times.take_interval(sentence)
    found = take_filters(sentence, vocabulary)
    question.is_ratio = bool(sentence.take(RATIO))
    of_visitors = sentence.has(r"\bvisitors?\b")
    measure = activity[0] if activity else take_measure(sentence, vocabulary)
    question.breakdown = question.breakdown or take_breakdown(sentence, vocabulary)
    mentions = in_order(mentions, take_mentions(sentence, vocabulary))
    speaks_of_people = sentence.has(rf"\b{PEOPLE}\b")
    found += take_known_values(sentence, vocabulary)
    for each in found:
        question.filters.append(each.filter)
        if each.is_comparison and not question.breakdown:
            question.breakdown = each.filter.property
    if not mentions and not activity and (of_visitors or (speaks_of_people and found)):
        measure = Measure("dau") if measure in (None, Measure()) else measure
    question.measure = measure or Measure()
    question.events = events_of_trend(sentence, question, mentions, found, vocabulary, of_visitors)
    question.is_ratio |= joined_by(sentence, mentions, r"per|divided by")
    if question.is_ratio and len(question.events) != 2:
        raise NotUnderstood("A ratio takes two events of this project, such as “A divided by B”.")
    if measure and measure.math == "dau" and joined_by(sentence, mentions, r"and(?: also)?"):
        raise NotUnderstood(
            "Whether the same people did both is what a funnel tells. Send the question as “A then "
            "B” with insight_type `funnel`."
        )
    per_time = question.interval or over_time or question.compare_to
    question.ranked = question.ranked or bool(question.breakdown and not per_time)
    question.is_number = bool(
        asks_for_number and not per_time and not question.breakdown and not question.ranked
    )


def events_of_trend(
    sentence: Sentence,
    question: Question,
    mentions: Sequence[Mention],
    found: Sequence[Found],
    vocabulary: Vocabulary,
    of_visitors: bool,
) -> list[Event]:
    names = list(dict.fromkeys(mention.event for mention in mentions))
    if names:
        return [Event(name) for name in names]
    counts_events = question.measure == Measure()
    of_pages = (
        of_visitors
        or any(each.is_page for each in found)
        or (counts_events and is_of_web(question.breakdown))
    )
    if of_pages and "$pageview" in vocabulary.events:
        return [Event("$pageview")]
    of_any = question.measure.math not in ("total", "avg_count_per_actor")
    by_any = question.breakdown and question.breakdown.scope == "hogql"  # the event, the person
    if of_any or by_any or sentence.has(r"\b(?:all )?events?\b"):
        return [Event(None)]
    raise NotUnderstood(nothing_found(sentence, vocabulary))


def is_of_web(property: Property | None) -> bool:
    """Whether it is one that browsers send with every page, so that pages are what is counted."""
    names = ("$browser", "$os", "$device", "$geoip", "$pathname", "$current_url", "$refer", "utm_")
    return property is not None and property.name.startswith(names)


def take_previous(sentence: Sentence) -> str | None:
    if match := sentence.take(PREVIOUS):
        unit = match["unit"] or match["unit2"]
        return f"-1{times.LETTER[unit]}" if unit else "previous"
    return None


def take_ranking(sentence: Sentence, question: Question, vocabulary: Vocabulary) -> None:
    """`top 5 browsers`, `most visited pages`, `which country has the most signups`."""
    for match in re.finditer(RANKED, sentence.left):
        if named := named_group(sentence, vocabulary, match.end()):
            question.breakdown, end = named
            number = match["n"] or match["n2"]
            question.limit, question.ranked = int(number) if number else None, True
            sentence.blot(match.start(), end)
            sentence.take(SUPERLATIVE)
            return
    for match in re.finditer(WHICH, sentence.left):
        named = named_group(sentence, vocabulary, match.end())
        if named and sentence.take(SUPERLATIVE):
            question.breakdown, question.ranked = named[0], True
            sentence.blot(match.start(), named[1])
            sentence.take(r"\bnumber of\b")
            return
