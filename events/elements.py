"""The clicked element and its ancestors: `$elements` as SDKs send them, the chain as it is kept.

A chain is `tag.class1.class2:name="value"name="value";tag…`, innermost element first
(PostHog: posthog/models/element/element.py).
"""

import re

SPLIT_ELEMENTS = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*")+')
SPLIT_CLASS_ATTRIBUTES = re.compile(r"(.*?)($|:([a-zA-Z\-_0-9]*=.*))", re.DOTALL)
ATTRIBUTE = re.compile(r'([^\s"=]+)="((?:\\.|[^"\\])*)"')
CLASSES = re.compile(r"(?:\\.|[^.\\])+")
COLUMNS = ("text", "href", "attr_id", "nth_child", "nth_of_type")


def chain_from_elements(elements: object) -> str:
    """The chain of `$elements`; entries that are no objects are passed over."""
    if not isinstance(elements, list):
        return ""
    return ";".join(link(element) for element in elements if isinstance(element, dict))


def link(element: dict) -> str:
    tag = text_of(element.get("tag_name"))
    classes = "".join(f".{name}" for name in sorted(class_names(element)))
    attributes = {
        "text": element.get("$el_text", element.get("text")),
        "href": element.get("attr__href", element.get("href")),
        "attr_id": element.get("attr__id", element.get("attr_id")),
        "nth-child": element.get("nth_child"),
        "nth-of-type": element.get("nth_of_type"),
    }
    attributes |= {key: value for key, value in element.items() if key.startswith("attr__")}
    shown = "".join(
        f'{escape(key)}="{escape(text_of(value))}"'
        for key, value in sorted(attributes.items())
        if value is not None
    )
    return f"{tag}{classes}:{shown}" if shown else f"{tag}{classes}"


def class_names(element: dict) -> list[str]:
    classes = element.get("attr__class", element.get("attr_class"))
    if isinstance(classes, str):
        return classes.split()
    if isinstance(classes, list):
        return [text_of(name) for name in classes if name]
    return []


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def text_of(value: object) -> str:
    return "" if value is None else str(value)


def elements_from_chain(chain: str) -> list[dict]:
    """The elements of a chain, as the events API shows them."""
    return [
        element_from_link(part, order) for order, part in enumerate(SPLIT_ELEMENTS.findall(chain))
    ]


def element_from_link(part: str, order: int) -> dict:
    head, _, attributes_text = SPLIT_CLASS_ATTRIBUTES.match(part).groups()
    tag, *classes = [unescape(name) for name in CLASSES.findall(head)] or [""]
    found = {
        unescape(key).replace("-", "_") if key.startswith("nth-") else unescape(key): unescape(
            value
        )
        for key, value in ATTRIBUTE.findall(attributes_text or "")
    }
    return {
        "event": None,
        "text": found.get("text"),
        "tag_name": tag or None,
        "attr_class": classes or None,
        "href": found.get("href"),
        "attr_id": found.get("attr_id"),
        "nth_child": number(found.get("nth_child")),
        "nth_of_type": number(found.get("nth_of_type")),
        "attributes": {key: value for key, value in found.items() if key not in COLUMNS},
        "order": order,
    }


def number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
