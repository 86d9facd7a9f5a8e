from hypothesis import given
from hypothesis import strategies as st

from events.elements import chain_from_elements, elements_from_chain

BUTTON = {
    "tag_name": "button",
    "$el_text": 'Say "hi"; now',
    "attr__class": "primary  big",
    "attr__id": "go",
    "attr__href": "/buy?a=1",
    "nth_child": 2,
    "nth_of_type": 1,
    "attr__data-x": "a\\b",
}


def test_a_chain_tells_the_elements_again():
    chain = chain_from_elements([BUTTON, {"tag_name": "body"}])

    button, body = elements_from_chain(chain)

    assert button == {
        "event": None,
        "text": 'Say "hi"; now',
        "tag_name": "button",
        "attr_class": ["big", "primary"],
        "href": "/buy?a=1",
        "attr_id": "go",
        "nth_child": 2,
        "nth_of_type": 1,
        "attributes": {
            "attr__class": "primary  big",
            "attr__data-x": "a\\b",
            "attr__href": "/buy?a=1",
            "attr__id": "go",
        },
        "order": 0,
    }
    assert (body["tag_name"], body["order"], body["attributes"]) == ("body", 1, {})


def test_a_chain_of_an_sdk_is_read():
    chain = 'a.small.link:href="/x"nth-child="1"nth-of-type="3"text="bla";div:attr__y="1"'

    first, second = elements_from_chain(chain)

    assert (first["tag_name"], first["attr_class"], first["text"]) == (
        "a",
        ["small", "link"],
        "bla",
    )
    assert (first["nth_child"], first["nth_of_type"]) == (1, 3)
    assert second["attributes"] == {"attr__y": "1"}


def test_what_is_no_list_of_elements_makes_no_chain():
    assert chain_from_elements("x") == chain_from_elements(None) == chain_from_elements([1]) == ""


@given(st.text())
def test_any_chain_can_be_read(chain):
    elements_from_chain(chain)


@given(st.lists(st.dictionaries(st.text(min_size=1), st.none() | st.text() | st.integers())))
def test_any_elements_make_a_chain(elements):
    elements_from_chain(chain_from_elements(elements))


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_texts_come_back(text):
    (element,) = elements_from_chain(chain_from_elements([{"tag_name": "a", "$el_text": text}]))

    assert element["text"] == text
