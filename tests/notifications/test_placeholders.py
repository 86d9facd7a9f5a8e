import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.placeholders import InvalidPlaceholder, check, render

NAMES = {
    "event": {
        "uuid": "u1",
        "event": "clicked",
        "properties": {"$a": 1, "b-c": None, "list": [1, {"x": True}], "ü": "ö", "t": "x"},
    },
    "person": None,
    "project": {"id": 7, "name": "Shop"},
}


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("{event.event}", "clicked"),
        ("{ event.event }", "clicked"),
        ("{project.id}", 7),
        ("id {project.id}!", "id 7!"),
        ("{event.properties.$a}{event.properties.$a}", "11"),
        ("{event.properties.list}", [1, {"x": True}]),
        ("l: {event.properties.list}", 'l: [1,{"x":true}]'),
        ("{event.properties.b-c}", None),
        ("<{event.properties.b-c}>", "<>"),
        ("{event.properties.ü}", "ö"),
        ("{event.properties.none.deeper}", None),
        ("{event.properties.t.deeper}", None),
        ("{person}", None),
        ("{person.properties.email}", None),
        ("by {person.name}", "by "),
        ("{project}", {"id": 7, "name": "Shop"}),
        (r"\{event.event}", "{event.event}"),
        (r"\{\"a\": {project.id}\}", '{\\"a\\": 7}'),
        ("a } b", "a } b"),
        ("\\", "\\"),
        ("C:\\dir", "C:\\dir"),
        ("", ""),
        (["{project.id}", {"k{x}": "{event.event}", "n": 1}], [7, {"k{x}": "clicked", "n": 1}]),
        (None, None),
        (True, True),
    ],
)
def test_render(value, rendered):
    assert render(value, NAMES) == rendered


@pytest.mark.parametrize(
    "text",
    [
        *("{event.a ?? 1}", "{upper(event.event)}", "{1}", "{}", "{inputs.url}", "{events}"),
        *("{event", "a {", "{event.{a}}", "{event..a}", "{event.}", "{event.a b}", "{'x'}"),
        *('{"a": 1}', "{person.properties['email']}", "{event.event.}", "{eventual}"),
    ],
)
def test_what_is_no_plain_path_is_refused(text):
    with pytest.raises(InvalidPlaceholder):
        check({"deep": [{"deeper": text}]})


TEXT = st.text(st.sampled_from("{}\\.evnt a"), max_size=30)


@given(TEXT)
def test_text_is_either_refused_or_rendered(text):
    try:
        check(text)
    except InvalidPlaceholder:
        return
    render(text, NAMES)


@given(st.text(max_size=50))
def test_escaped_text_comes_out_as_it_was(text):
    escaped = text.replace("{", "\\{").replace("}", "\\}")
    if "\\{" not in text and "\\}" not in text:
        check(escaped)
        assert render(escaped, NAMES) == text
