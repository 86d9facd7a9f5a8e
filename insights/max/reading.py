"""Questions in plain English, understood part by part.

What is understood is taken out of the sentence. A word that is left and means something makes the
question one that can't be answered: better to say so than to answer another question.
"""

from collections.abc import Callable
from datetime import datetime

from insights.max import times
from insights.max.question import NotUnderstood, Question
from insights.max.sentence import Sentence
from insights.max.shapes.funnels import read_funnel
from insights.max.shapes.lists import read_list
from insights.max.shapes.parts import known_events, unread
from insights.max.shapes.retention import read_retention
from insights.max.shapes.trends import read_trend
from insights.max.shapes.words import FUNNEL, LIST, RETENTION
from insights.max.vocabulary import Vocabulary, quoted

KINDS = {"trends": "trend", "funnel": "funnel", "retention": "retention"}
READERS: dict[str, Callable] = {
    "trend": read_trend,
    "funnel": read_funnel,
    "retention": read_retention,
    "list": read_list,
}


def read(text: str, insight_type: str, vocabulary: Vocabulary, now: datetime) -> Question:
    """Raises NotUnderstood. `now` is the project's local time."""
    sentence = Sentence(text)
    question = Question(KINDS.get(insight_type) or shape_of(sentence))
    check_kind(sentence, question, insight_type)
    READERS[question.shape](sentence, question, vocabulary, now)
    check_rest(sentence, vocabulary)
    question.range = question.range or times.DEFAULT
    return question


def shape_of(sentence: Sentence) -> str:
    if sentence.has(RETENTION):
        return "retention"
    if sentence.has(FUNNEL) and not sentence.has(r"\bafter \d|\bafter [a-z]+ \d"):
        return "funnel"
    return "list" if sentence.has(LIST) else "trend"


def check_kind(sentence: Sentence, question: Question, insight_type: str) -> None:
    """Say so when another type of insight is what answers the question."""
    fitting = {
        "retention": RETENTION,
        "funnel": r"\bfunnel\b|\bdrop[ -]?offs?\b|\bconversion rate\b",
    }
    for shape, pattern in fitting.items():
        if question.shape != shape and insight_type != "sql" and sentence.has(pattern):
            raise NotUnderstood(
                f"This asks for a {shape}. Send the question with insight_type `{shape}`."
            )
    if insight_type == "trends" and sentence.has(LIST):
        raise NotUnderstood(
            "This asks for single events. Send the question with insight_type `sql`."
        )


def check_rest(sentence: Sentence, vocabulary: Vocabulary) -> None:
    """Raise when a word that means something is left."""
    if rest := unread(sentence):
        raise NotUnderstood(
            f"I could not make sense of {', '.join(quoted(rest))}. {known_events(vocabulary)} "
            "Name events and properties as they are, or write the query in SQL."
        )
