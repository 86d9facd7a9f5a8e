"""What an event says about its person's properties."""

from typing import Any

from posthog_clone.captured import CapturedEvent

# PostHog: nodejs/src/worker/ingestion/persons/person-property-utils.ts
AUTOMATIC = (
    *("$app_build", "$app_name", "$app_namespace", "$app_version"),
    *("$browser", "$browser_version", "$device_type", "$current_url", "$pathname"),
    *("$os", "$os_name", "$os_version", "$referring_domain", "$referrer"),
    *("$screen_height", "$screen_width", "$viewport_height", "$viewport_width"),
    "$raw_user_agent",
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_name", "utm_term"),
    *("gclid", "gad_source", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid"),
    *("twclid", "li_fat_id", "mc_cid", "igshid", "ttclid", "rdt_cid", "irclid", "_kx"),
    *("epik", "qclid", "sccid"),
)
INITIAL = {key: "$initial_" + key.removeprefix("$") for key in AUTOMATIC}
OF_THE_SYSTEM = {"$os", "$os_name", "$os_version"}
SERVER_LIBRARIES = {
    *("posthog-python", "posthog-node", "posthog-go", "posthog-ruby", "posthog-php"),
    *("posthog-java", "posthog-server", "posthog-edge", "posthog-dotnet", "posthog-elixir"),
    "posthog-rs",
}
# Changes of these alone aren't worth a write: they change with every page or window.
VOLATILE = {
    *("$current_url", "$pathname", "$referring_domain", "$referrer"),
    *("$screen_height", "$screen_width", "$viewport_height", "$viewport_width"),
    *("$browser", "$browser_version", "$device_type", "$raw_user_agent"),
    *("$os", "$os_name", "$os_version"),
    *("$geoip_postal_code", "$geoip_time_zone", "$geoip_latitude", "$geoip_longitude"),
    "$geoip_accuracy_radius",
    *(f"$geoip_subdivision_{level}_{what}" for level in (1, 2, 3) for what in ("code", "name")),
    *("$geoip_city_confidence", "$geoip_country_confidence"),
    *("$geoip_postal_code_confidence", "$geoip_subdivision_1_confidence"),
    "$geoip_subdivision_2_confidence",
}
PERSON_EVENTS = {"$identify", "$create_alias", "$merge_dangerously", "$set"}
KEEPS_PERSON = {"$exception", "$$heatmap"}


def new_properties(event: CapturedEvent) -> dict[str, Any]:
    """The properties of a person whom this event makes."""
    return {} if event.event == "$groupidentify" else applied({}, event)


def updated_properties(current: dict[str, Any], event: CapturedEvent) -> dict[str, Any]:
    """The properties after the event: `current` itself when nothing is worth a write.

    `current` is left as it is, since earlier events hold on to it.
    """
    if event.event in KEEPS_PERSON or event.event == "$groupidentify":
        return current
    return applied(current, event)


def applied(current: dict[str, Any], event: CapturedEvent) -> dict[str, Any]:
    sent = event.properties
    set_, once = mapping(sent.get("$set")), mapping(sent.get("$set_once"))
    unset = names(sent.get("$unset"))
    changes: dict[str, Any] = {}
    worth_it = False

    def change(key: str, value: Any, *, always: bool) -> None:
        nonlocal worth_it
        if key not in unset:
            changes[key] = value
            worth_it = worth_it or always or key not in current or key not in VOLATILE

    always = event.event in PERSON_EVENTS
    for key, value in once.items():
        if key not in current:
            change(key, value, always=True)
    for key in sent:
        if key not in INITIAL or (key in OF_THE_SYSTEM and is_from_a_server(sent)):
            continue
        value, initial = sent[key], INITIAL[key]
        # SDKs send null for a campaign that isn't there; it must not bar the first real one.
        if value is not None and initial not in current and initial not in once:
            change(initial, value, always=True)
        if key not in set_ and differs(current, key, value):
            change(key, value, always=always)
    for key, value in set_.items():
        if differs(current, key, value):
            change(key, value, always=always)

    gone = [key for key in unset if key in current]
    if not gone and not worth_it:
        return current
    return {key: value for key, value in {**current, **changes}.items() if key not in gone}


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def names(value: Any) -> set[str]:
    """The keys of `$unset`: a list of them, or an object that has them."""
    return (
        {key for key in value if isinstance(key, str)} if isinstance(value, list | dict) else set()
    )


def is_from_a_server(sent: dict[str, Any]) -> bool:
    """Whether `$os` is the host's rather than the user's."""
    library = sent.get("$lib")
    return sent.get("$is_server") is True or (
        isinstance(library, str) and library in SERVER_LIBRARIES
    )


def differs(current: dict[str, Any], key: str, value: Any) -> bool:
    return key not in current or not are_the_same(current[key], value)


def are_the_same(before: Any, value: Any) -> bool:
    """As JSON sees it: true isn't 1, and lists and objects are what they hold.

    Floats are compared as such. PostgreSQL gives back 6.993970463783326e+16 as the whole number
    with these digits, and -0.0 without its sign.
    """
    if isinstance(before, dict) and isinstance(value, dict):
        return before.keys() == value.keys() and all(
            are_the_same(inner, value[key]) for key, inner in before.items()
        )
    if isinstance(before, list) and isinstance(value, list):
        return len(before) == len(value) and all(map(are_the_same, before, value))
    if isinstance(before, bool) or isinstance(value, bool):
        return before is value
    if isinstance(before, int | float) and isinstance(value, int | float):
        return before == value or float(before) == float(value)
    return before == value
