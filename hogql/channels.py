"""Which channel brought a visitor, by what Google Analytics calls the default channel group: told
from the parameters of the first address and from the page that led there."""

from typing import NamedTuple

PAID_MEDIUMS = ("cpc", "cpm", "cpv", "cpa", "ppc", "retargeting")
SHOPPING = "^(.*(([^a-df-z]|^)shop|shopping).*)$"
# What a site, or the name of a source, is. Sites are named by what comes before their top-level
# domain, or in full where that would be too short to tell.
SITES = {
    "Search": """
        google bing duckduckgo yahoo baidu yandex ecosia qwant brave startpage naver daum seznam ask
        aol sogou so.com 360.cn kagi you.com dogpile lycos swisscows presearch search.marginalia.nu
    """,
    "Social": """
        facebook instagram linkedin twitter reddit pinterest tiktok snapchat threads bsky mastodon
        quora whatsapp telegram vk weibo discord tumblr x.com t.co lnkd.in fb fb.com fb.me m.me ig
        t.me wa.me fosstodon stackoverflow stackexchange medium.com substack xing nextdoor wechat
        line.me slack news.ycombinator.com hackernews producthunt messenger meta insta
    """,
    "Video": "youtube youtu.be vimeo twitch dailymotion netflix hulu disneyplus bilibili niconico",
    "Shopping": """
        amazon ebay etsy walmart alibaba aliexpress shopify mercadolibre mercadolivre target
        igshopping shopping
    """,
    "AI": """
        chatgpt openai chat.openai.com perplexity claude claude.ai anthropic gemini copilot phind
        gemini.google.com copilot.microsoft.com deepseek grok mistral
    """,
    "Email": """
        mail.google.com mail.yahoo.com outlook.live.com outlook.office.com mail.aol.com protonmail
        proton.me newsletter mailchimp klaviyo sendgrid mailjet email e-mail
    """,
}
MEDIUMS = {
    "Email": "email e-mail e_mail mail newsletter",
    "Social": "social social-network social-media sm social_network social_media",
    "Affiliate": "affiliate affiliates",
    "Referral": "referral link app",
    "SMS": "sms",
    "Audio": "audio podcast",
    "Push": "push mobile notification",
    "Video": "video",
    "Search": "organic search",
    "Display": "display banner expandable interstitial",
}
OF_BOTH = ("Search", "Social", "Video", "Shopping")
"""Kinds that are paid for or not."""
CHANNEL = """
arrayMap((source, medium, campaign, site, gclid, fbclid, ad, by_source, by_medium, by_site) ->
    multiIf(
        position(campaign, 'cross-network') > 0, 'Cross Network',
        medium IN ({paid_mediums}) OR startsWith(medium, 'paid') OR gclid != '' OR ad != '',
        multiIf(
            by_source != '', {paid_source},
            match(campaign, '{shopping}'), 'Paid Shopping',
            by_medium != '', {paid_medium},
            by_site != '', {paid_site},
            ad = '1', 'Paid Search',
            position(campaign, 'video') > 0, 'Paid Video',
            fbclid != '', 'Paid Social',
            'Paid Unknown'
        ),
        site = '$direct' AND medium = '' AND fbclid = ''
            AND source IN ('', '(direct)', 'direct', '$direct'),
        'Direct',
        by_source != '', {organic_source},
        match(campaign, '{shopping}'), 'Organic Shopping',
        by_medium != '', {organic_medium},
        by_site != '', {organic_site},
        position(campaign, 'video') > 0, 'Organic Video',
        endsWith(medium, 'push'), 'Push',
        fbclid != '', 'Organic Social',
        site = '$direct', 'Direct',
        site != '', 'Referral',
        'Unknown'
    ),
    {arguments}
)[1]
"""


class Arrival(NamedTuple):
    """What is known of it, as SQL of texts that are empty where it is unknown."""

    source: str
    medium: str
    campaign: str
    site: str
    gclid: str
    fbclid: str
    ad: str
    """Google's `gad_source`."""


PROPERTIES = Arrival(
    *("utm_source", "utm_medium", "utm_campaign", "referring_domain", "gclid", "fbclid"),
    "gad_source",
)


def channel_sql(arrival: Arrival) -> str:
    """The channel's name."""
    source, medium, campaign = (f"lower({text})" for text in arrival[:3])
    values = [
        *(source, medium, campaign, *arrival[3:]),
        *(kind_of(source, SITES), exactly(medium, MEDIUMS), kind_of(arrival.site, SITES)),
    ]
    named = {
        f"{prefix.lower()}_{place}": channel_of(f"by_{place}", prefix)
        for prefix in ("Paid", "Organic")
        for place in ("source", "medium", "site")
    }
    sql = CHANNEL.format(
        paid_mediums=", ".join(f"'{name}'" for name in PAID_MEDIUMS),
        shopping=SHOPPING,
        arguments=", ".join(f"[{value}]" for value in values),
        **named,
    )
    return " ".join(sql.split())


def domain_type_sql(domain: str) -> str:
    """`Search`, `Social` … of the site that led here; `$direct` for none, empty if unknown."""
    return f"if({domain} = '$direct', '$direct', {kind_of(domain, SITES)})"


def channel_of(kind: str, prefix: str) -> str:
    names = [f"{prefix} {name}" for name in OF_BOTH]
    return f"transform({kind}, {list(OF_BOTH)}, {names}, {kind})"


def kind_of(text: str, kinds: dict[str, str]) -> str:
    """Of the name, or of the site that the domain is of: google, of www.google.co.uk."""
    site = exactly(f"firstSignificantSubdomain({text})", kinds)
    domain = exactly(f"cutToFirstSignificantSubdomain({text})", kinds, site)
    return exactly(text, kinds, domain)


def exactly(text: str, kinds: dict[str, str], otherwise: str = "''") -> str:
    known = {name: kind for kind, names in kinds.items() for name in names.split()}
    return f"transform({text}, {list(known)}, {list(known.values())}, {otherwise})"
