"""The words that tell the kinds of questions apart."""

from insights.max import times

FUNNEL = (
    r"\bfunnel|\bconver(?:t|ts|ted|sion)\b|\bdrop[ -]?offs?\b|\bfollowed by\b|\band then\b|\bthen\b"
    r"|\bafter(?:wards)?\b|\bgo(?:es)? from\b|>"
)
RETENTION = (
    r"\bretention\b|\bretain(?:ed)?\b|\bc[oa]me back\b|\bcoming back\b|\breturn(?:s|ed|ing)?\b"
    r"|\bchurn\b|\bstickiness\b"
)
FEW = rf"(?P<count2>\d{{1,4}})\b(?! {times.UNIT.replace('unit', 'u')})"
LIST = (
    r"\b(?P<order>latest|most recent|newest|recent|oldest|earliest)(?: (?P<count>\d{1,4}))?\b"
    r"|(?:^\W*|\b(?:list|show|give|get) )(?:me )?(?:the )?(?P<order2>last|first) " + FEW
)
