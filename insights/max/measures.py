"""What a question wants to know of events: how many, of how many people, how much in all."""

import re

from insights.max.question import Interval, Measure, Property
from insights.max.sentence import Sentence
from insights.max.vocabulary import Vocabulary

PEOPLE = r"(?:users|people|persons|visitors|customers|accounts|individuals|folks|members)"
COUNTING = (
    r"\b(?:what(?:'s| is| was| are| were) )?(?:the )?(?:total )?(?:number|count|amount|volume) of\b"
    r"|\bhow many(?: times)?\b|\bhow often\b|\bhow much\b|\bcount(?:s)?(?: of)?\b|\btotal(?: of)?\b"
)
UNIQUE = rf"\b(?:unique|distinct|different|individual) (?:{PEOPLE}|users? of)\b"
AVERAGES = {
    r"average|mean|avg|typical": "avg",
    r"median": "median",
    r"total|sum of|sum|overall|combined|how much": "sum",
    r"minimum|min|lowest|smallest|least|shortest|fastest|cheapest": "min",
    r"maximum|max|highest|largest|biggest|greatest|longest|slowest": "max",
    r"(?:the )?p75|75th percentile": "p75",
    r"(?:the )?p90|90th percentile": "p90",
    r"(?:the )?p95|95th percentile": "p95",
    r"(?:the )?p99|99th percentile": "p99",
}
LEAD_IN = r"(?: (?:of|for|the|a|in|all|value of|value for))*\s+"
PER_PERSON = (
    r"\b(?:average|mean|avg)\b(?P<what>[^\x00]*?)\b(?:per|by each|for each|each) "
    r"(?:user|person|visitor|customer)\b"
)


def take_activity(sentence: Sentence) -> tuple[Measure, Interval | None] | None:
    """Active users: of any event, in the days, weeks or months that are named with them."""
    if sentence.take(rf"\bweekly active {PEOPLE}\b|\bwau\b"):
        return Measure("weekly_active"), None
    if sentence.take(rf"\bmonthly active {PEOPLE}\b|\bmau\b"):
        return Measure("monthly_active"), None
    if sentence.take(rf"\bdaily active {PEOPLE}\b|\bdau\b"):
        return Measure("dau"), "day"
    if sentence.take(rf"\b(?:unique )?active {PEOPLE}\b|\b{PEOPLE} (?:were|are|was|is) active\b"):
        return Measure("dau"), None
    if sentence.take(rf"\b(?:brand[ -])?new {PEOPLE}\b"):
        return Measure("first_time_for_user"), None
    if sentence.take(r"\b(?:unique |distinct )?sessions?\b"):
        return Measure("unique_session"), None
    return None


def take_measure(sentence: Sentence, vocabulary: Vocabulary) -> Measure | None:
    """How the events are counted; None when the question doesn't say."""
    if sentence.has(PER_PERSON):
        match = re.search(PER_PERSON, sentence.left)
        start, end = match.span("what")
        sentence.blot(match.start(), start)
        sentence.blot(end, match.end())
        return Measure("avg_count_per_actor")
    if measure := take_value(sentence, vocabulary):
        return measure
    if sentence.take(r"\b(?:for the )?first[- ]time\b(?: ever)?"):
        return Measure("first_time_for_user")
    if sentence.take(UNIQUE):
        sentence.take(COUNTING)
        return Measure("dau")
    counting = r"(?:how many|number of|count of|count|percentage of)"
    if sentence.take(rf"\b{counting}(?: of)?(?: our| the| all)? {PEOPLE}\b"):
        return Measure("dau")
    if sentence.take(rf"\b{PEOPLE} (?:who|that|which)\b|\bwho\b"):
        sentence.take(COUNTING)
        return Measure("dau")
    if sentence.take(COUNTING):
        return Measure("total")
    return None


def take_value(sentence: Sentence, vocabulary: Vocabulary) -> Measure | None:
    """The average, sum or other figure of a property."""
    for names, math in AVERAGES.items():
        for match in re.finditer(rf"\b(?:{names})\b{LEAD_IN}", sentence.left):
            if found := property_at(sentence, vocabulary, match.end()):
                property, end = found
                sentence.blot(match.start(), end)
                return Measure(math, property)
    return None


def property_at(
    sentence: Sentence, vocabulary: Vocabulary, position: int, least: float = 0.0
) -> tuple[Property, int] | None:
    """The property that the words from there on name best, and where its name ends."""
    words = sentence.words_from(position)
    best = None
    for count in range(1, len(words) + 1):
        phrase = " ".join(word.text for word in words[:count])
        found = vocabulary.property(phrase)
        if found and found[1] >= least and (best is None or found[1] > best[1]):
            best = (found[0], found[1], words[count - 1].end)
    return best and (best[0], best[2])
