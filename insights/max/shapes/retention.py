"""Who came back."""

import re
from collections.abc import Sequence
from datetime import datetime

from insights.max import times
from insights.max.events import Mention, take_mentions, take_verbatim
from insights.max.filters import take_filters, take_known_values
from insights.max.measures import PEOPLE
from insights.max.question import Event, NotUnderstood, Question
from insights.max.sentence import Sentence
from insights.max.shapes.parts import in_order, take_breakdown
from insights.max.shapes.words import RETENTION
from insights.max.vocabulary import Vocabulary, quoted


def read_retention(sentence: Sentence, question: Question, vocabulary: Vocabulary, now: datetime):
    mentions = take_verbatim(sentence, vocabulary)
    take_period(sentence, question)
    sentence.take(r"\bcohorts?\b")
    is_new = bool(sentence.take(rf"\bnew {PEOPLE}\b"))
    question.first_time = is_new or bool(sentence.take(r"\b(?:for the )?first[- ]time\b"))
    again = sentence.take(
        r"\b(?:(?:do|did|does) (?:it|so|that) )?again\b|\brepeat(?:s|ed|edly)?\b|\bagain\b"
    )
    if sentence.has(r"\bchurn\b|\bstickiness\b"):
        raise NotUnderstood(
            "Churn and stickiness are not what a retention insight shows: ask who comes back."
        )
    found = take_filters(sentence, vocabulary)
    question.breakdown = take_breakdown(sentence, vocabulary)
    mentions = in_order(mentions, take_mentions(sentence, vocabulary))
    found += take_known_values(sentence, vocabulary)
    question.filters = [each.filter for each in found]
    names = [mention.event for mention in mentions]
    if len(names) > 2:
        raise NotUnderstood(
            "Retention is of one event to another: I found " + ", ".join(quoted(names)) + "."
        )
    question.events = retention_events(sentence, mentions, bool(again))
    while sentence.take(RETENTION):
        pass
    sentence.take(r"\brates?\b")
    sentence.take(r"\b(?:curve|keep|still|later|after)\b")


def retention_events(sentence: Sentence, mentions: Sequence[Mention], again: bool) -> list[Event]:
    """What people do first, and what shows that they came back: by itself, anything."""
    if len(mentions) == 2:
        return [Event(mention.event) for mention in mentions]
    if not mentions:
        return [Event(None), Event(None)]
    [only] = mentions
    describes_people = re.search(
        r"\b(?:who|that|after|since|having)\W", sentence.left[: only.start]
    )
    return [Event(only.event), Event(None if describes_people and not again else only.event)]


def take_period(sentence: Sentence, question: Question) -> None:
    units = "hour|day|week|month"
    if match := sentence.take(
        rf"\b(?P<unit>{units})[ -]?(?P<n>\d{{1,2}})\b"
        rf"|\b(?P<n2>\d{{1,2}})[ -](?P<unit2>{units}) (?=retention)"
    ):
        question.period = (match["unit"] or match["unit2"]).capitalize()
        question.periods = int(match["n"] or match["n2"]) + 1
    if match := sentence.take(
        rf"\b(?P<every>{'|'.join(times.EVERY)})\b"
        rf"|\b(?P<unit>{units})[ -](?:over|by)[ -](?P=unit)\b"
        rf"|\b(?:by|per|each|every) (?P<unit2>{units})\b"
    ):
        unit = times.EVERY.get(match["every"]) or match["unit"] or match["unit2"]
        question.period = unit.capitalize()
        named = True
    else:
        named = question.periods is not None
    over = rf"{times.LEAD}(?:next |last |past |first )?{times.NUMBER} {times.UNIT}\b"
    if match := sentence.take(over):
        unit = match["unit"].capitalize()
        if not named and unit in ("Hour", "Day", "Week", "Month"):
            question.period = unit
        span = times.number(match["number"]) * times.DAYS[match["unit"]]
        question.periods = max(2, round(span / times.DAYS[question.period.lower()]))
