"""Single events."""

from datetime import datetime

from insights.max import times
from insights.max.events import take_mentions, take_verbatim
from insights.max.filters import take_filters, take_known_values
from insights.max.question import Event, NotUnderstood, Question
from insights.max.sentence import Sentence
from insights.max.shapes.parts import nothing_found
from insights.max.shapes.words import LIST
from insights.max.vocabulary import Vocabulary


def read_list(sentence: Sentence, question: Question, vocabulary: Vocabulary, now: datetime):
    mentions = take_verbatim(sentence, vocabulary)
    if match := sentence.take(LIST):
        count = match["count"] or match["count2"]
        question.limit = int(count) if count else None
        question.oldest_first = (match["order"] or match["order2"]) in (
            "oldest",
            "earliest",
            "first",
        )
    question.range = times.take_range(sentence, now)
    found = take_filters(sentence, vocabulary)
    mentions = [*mentions, *take_mentions(sentence, vocabulary)]
    found += take_known_values(sentence, vocabulary)
    question.filters = [each.filter for each in found]
    question.events = [Event(name) for name in dict.fromkeys(m.event for m in mentions)]
    if not question.events:
        if not sentence.has(r"\bevents?\b"):
            raise NotUnderstood(nothing_found(sentence, vocabulary))
        question.events = [Event(None)]
