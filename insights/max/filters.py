"""Conditions in questions: `where plan is pro`, `from Germany`, `on mobile`, `on /pricing`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from insights.max.known import KNOWN
from insights.max.measures import property_at
from insights.max.question import Filter, Property
from insights.max.sentence import Sentence
from insights.max.vocabulary import Vocabulary

NUMBER = (
    r"[$€£]?(?P<number>-?\d+(?:[.,]\d+)*)"
    r"(?:\s?(?:%|ms|usd|eur|dollars|euros|seconds|items))?"
)
OPERATORS = [
    (
        "is_not_set",
        r"(?:is|are|was)(?: not|n't) (?:set|known|given)|is (?:missing|empty|unknown|null)",
    ),
    ("is_set", r"(?:is|are|was) (?:set|known|given|present)|exists"),
    ("not_icontains", r"(?:does not|doesn't|do not|don't|not) contain(?:s|ing)?|without"),
    ("icontains", r"contain(?:s|ing)?|includ(?:es|ing)"),
    ("starts_with", r"start(?:s|ing)? with|begin(?:s|ning)? with"),
    ("ends_with", r"end(?:s|ing)? (?:with|in)"),
    ("between", r"(?:is |was )?between"),
    ("gte", r"(?:is |was |of )?(?:at least|greater than or equal to|no less than)|>="),
    ("lte", r"(?:is |was |of )?(?:at most|less than or equal to|no more than|up to)|<="),
    (
        "gt",
        r"(?:is |was |of )?(?:greater than|more than|over|above|higher than|larger than)"
        r"|exceed(?:s|ing)|>",
    ),
    ("lt", r"(?:is |was |of )?(?:less than|under|below|lower than|smaller than|fewer than)|<"),
    ("is_not", r"(?:is|are|was|were)(?: not|n't)(?: equal to)?|!=|other than|not equal to"),
    ("exact", r"==?|equals|equal to|is equal to|is|are|was|were|of|:"),
]  # fmt: skip
NUMERIC = {"gt", "gte", "lt", "lte"}
WITHOUT_VALUE = {"is_set", "is_not_set"}
LEAD = (
    r"\b(?:where|with|whose|having|when|if|and|for(?: which)?|(?:that|who) ha(?:ve|s)|in which)"
    r"\s+(?:(?:the|their|its|a|an)\s+)?"
)
BARE = r"[\w@.+/:%-]*[\w%]"
STOPS = set("the a an each every all any our my their this that these those other most".split())  # noqa: SIM905
PATH = r"\b(?:on|to|of|for|at|from|the|visit\w*|view\w*|saw|see) (?P<path>/[\w/.%-]*)(?: page)?"
NAMED_PAGE = (
    r"\b(?:on|to|of|visit\w*|view\w*|saw|see|open\w*|land\w* on) (?:the|our) "
    r"(?P<page>[\w-]+) page\b"
)
EMAIL = (
    r"\b(?:by|for|from|of|did)(?: (?:the )?(?:user|customer|person))? "
    r"(?P<email>[\w.+-]+@[\w-]+\.[\w.]+\w)"
)


@dataclass(frozen=True, slots=True)
class Found:
    filter: Filter
    position: int
    """In the text: a funnel's filters belong to the step they follow."""
    is_page: bool = False
    is_comparison: bool = False
    """The values are to stand side by side."""


def take_filters(sentence: Sentence, vocabulary: Vocabulary) -> list[Found]:
    """What names its property."""
    return [
        *take_all(sentence, vocabulary, take_email),
        *take_all(sentence, vocabulary, take_page),
        *take_all(sentence, vocabulary, take_comparison),
        *take_all(sentence, vocabulary, take_value_before_property),
    ]


def take_all(sentence: Sentence, vocabulary: Vocabulary, take) -> Iterator[Found]:
    while found := take(sentence, vocabulary):
        yield found


def take_email(sentence: Sentence, vocabulary: Vocabulary) -> Found | None:
    scope = "person" if "email" in vocabulary.person_properties else "event"
    if scope == "event" and not vocabulary.has("email"):
        return None
    if match := sentence.take(EMAIL):
        email = sentence.raw(*match.span("email"))
        return Found(Filter(Property("email", scope), "exact", email), match.start())
    return None


def take_page(sentence: Sentence, vocabulary: Vocabulary) -> Found | None:
    if match := sentence.take(PATH):
        path = sentence.raw(*match.span("path"))
        if vocabulary.has("$pathname"):
            filter = Filter(Property("$pathname"), "exact", path)
        else:
            filter = Filter(Property("$current_url"), "icontains", path)
        return Found(filter, match.start(), is_page=True)
    if match := sentence.take(NAMED_PAGE):
        name = "$pathname" if vocabulary.has("$pathname") else "$current_url"
        filter = Filter(Property(name), "icontains", match["page"])
        return Found(filter, match.start(), is_page=True)
    return None


def take_comparison(sentence: Sentence, vocabulary: Vocabulary) -> Found | None:
    """`where <property> <operator> <value>`."""
    for lead in re.finditer(LEAD, sentence.left):
        named = property_at(sentence, vocabulary, lead.end(), least=0.7)
        if named is None:
            continue
        property, end = named
        if found := operation(sentence, vocabulary, property, end):
            filter, stop = found
            sentence.blot(lead.start(), stop)
            return Found(filter, lead.start())
    return None


def operation(
    sentence: Sentence, vocabulary: Vocabulary, property: Property, position: int
) -> tuple[Filter, int] | None:
    """What follows a property: the condition, and where it ends."""
    for operator, pattern in OPERATORS:
        match = re.compile(rf"\s*(?:{pattern})(?=[\s\"'\d$]|$)").match(sentence.left, position)
        if not match:
            continue
        if operator in WITHOUT_VALUE:
            return Filter(property, operator), match.end()
        if found := value_at(sentence, vocabulary, property, operator, match.end()):
            value, end = found
            return Filter(property, operator, value), end
    if found := value_at(sentence, vocabulary, property, "exact", position):
        value, end = found
        return Filter(property, "exact", value), end
    return None


def value_at(
    sentence: Sentence, vocabulary: Vocabulary, property: Property, operator: str, position: int
) -> tuple[str | float | int | list[str], int] | None:
    rest = re.compile(r"\s*").match(sentence.left, position).end()
    if operator == "between":
        second = NUMBER.replace("number", "to")
        match = re.compile(rf"{NUMBER} and {second}").match(sentence.left, rest)
        return match and ([as_number(match["number"]), as_number(match["to"])], match.end())
    if operator in NUMERIC:
        match = re.compile(NUMBER).match(sentence.left, rest)
        return (as_number(match["number"]), match.end()) if match else None
    if match := re.compile(r"\"([^\"\x00]+)\"|'([^'\x00]+)'").match(sentence.left, rest):
        return sentence.raw(match.start() + 1, match.end() - 1), match.end()
    listed: list[str] = []
    while found := one_value(sentence, vocabulary, property, rest):
        value, end = found
        listed.append(value)
        more = re.compile(r",? or (?:is )?|, ").match(sentence.left, end)
        if not more:
            return (listed if len(listed) > 1 else listed[0]), end
        rest = more.end()
    return None


def one_value(
    sentence: Sentence, vocabulary: Vocabulary, property: Property, position: int
) -> tuple[str, int] | None:
    """As many words as make a value that events have, or are capitalised; else one."""
    words = sentence.words_from(position)
    if not words or words[0].start != position or words[0].text in STOPS:
        return None
    for count in range(len(words), 0, -1):
        text = sentence.raw(words[0].start, words[count - 1].end)
        known = vocabulary.value(property, text)
        if known != text or text in vocabulary.known_values(property):
            return known, words[count - 1].end
    count = 1
    while count < len(words) and all(
        sentence.raw(w.start, w.end)[:1].isupper() for w in words[: count + 1]
    ):
        count += 1
    return sentence.raw(words[0].start, words[count - 1].end), words[count - 1].end


def as_number(text: str) -> int | float:
    text = text.replace(",", "")
    return float(text) if "." in text else int(text)


def take_value_before_property(sentence: Sentence, vocabulary: Vocabulary) -> Found | None:
    """`on the pro plan`, `in the electronics category`."""
    pattern = rf"\b(?:on|with|for|in|of|by|from) (?:the |a )(?P<value>{BARE})(?=\s)"
    for match in re.finditer(pattern, sentence.left):
        if match["value"] in STOPS or vocabulary.property(match["value"]):
            continue
        words = sentence.words_from(match.end())[:2]
        for count in range(len(words), 0, -1):
            named = vocabulary.property(" ".join(word.text for word in words[:count]))
            if named and named[1] >= 0.85:
                value = vocabulary.value(named[0], sentence.raw(*match.span("value")))
                sentence.blot(match.start(), words[count - 1].end)
                return Found(Filter(named[0], "exact", value), match.start())
    return None


def take_known_values(sentence: Sentence, vocabulary: Vocabulary) -> list[Found]:
    """Browsers, systems, devices and countries, which need no property to be named."""
    found = []
    for name, values, tail in KNOWN:
        if not vocabulary.has(name):
            continue
        property = Property(name)
        one = rf"\b(?:{'|'.join(map(re.escape, sorted(values, key=len, reverse=True)))})\b"
        joint = r"(?:,|,? or|,? and|,? vs\.?|,? versus|,? compared to)"
        listed = rf"{one}{tail}(?:{joint} (?:(?:from|on|in|the) )*{one}{tail})*"
        no = r"(?:\b(?P<no>not|except|excluding|outside|without)\s+(?:from |on |in |of )?)?"
        lead = r"(?:\b(?:on|in|from|using|with|via|by|for|of)\s+)?(?:the\s+)?"
        while match := sentence.take(rf"{no}{lead}(?P<listed>{listed})"):
            named = [values[text] for text in re.findall(one, match["listed"])]
            known = [vocabulary.value(property, text) for text in dict.fromkeys(named)]
            filter = Filter(
                property,
                "is_not" if match["no"] else "exact",
                known if len(known) > 1 else known[0],
            )
            side_by_side = bool(re.search(r"\b(?:vs|versus|compared)\b", match["listed"]))
            found.append(Found(filter, match.start(), is_comparison=side_by_side))
    return found
