import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.decoding.documents import MAX_DEPTH, load
from ingestion.decoding.errors import Undecodable, Unparsable


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "x\u0000y"}', {"a": "x\ufffdy"}),
        (r'{"k\u0000": 1}', {"k\ufffd": 1}),
        (r'"\u0000\u0000"', "\ufffd\ufffd"),
        (r'"\\u0000"', r"\u0000"),  # a backslash, then letters
        (r'"\\\u0000"', "\\\ufffd"),
        (r'"\\\\u0000 \u0000"', "\\\\u0000 \ufffd"),
        ('"x\0y"', "x\ufffdy"),
        (r'{"a": "\ud800"}', {"a": "\ufffd"}),
        (r'{"a": "\udc00x"}', {"a": "\ufffdx"}),
        (r'["\ud83d\ude00", "\ud83d"]', ["\U0001f600", "\ufffd"]),
        (r'["\ud800", "\u0000"]', ["\ufffd", "\ufffd"]),
        ("[NaN, Infinity, -Infinity]", [None, None, None]),
        ("[1e999, -1e999]", [None, None]),
        ("[" + "9" * 400 + "]", [None]),
        ('["NaN", 123456789012345678901234567890]', ["NaN", 1.2345678901234568e29]),
        ("[NaN, 123456789012345678901234567890]", [None, 1.2345678901234568e29]),
        ("[NaN, 12345678901234567890]", [None, 12345678901234567890]),
        ("\ufeff{}", {}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("-0.0", -0.0),
    ],
)
def test_what_real_clients_send(text, value):
    assert load(text.encode()) == value


def test_surrogates_in_the_bytes_themselves():
    assert load(b'"a\xed\xa0\x80b"') == "a\ufffdb"


@pytest.mark.parametrize(
    "text", [b"", b" ", b"{", b"nonsense", b"{'a': 1}", b"[1,]", b'{"a": \n', b'"\n"', b"1_000"]
)
def test_not_json(text):
    with pytest.raises(Unparsable, match="^failed to parse request: "):
        load(text)


@pytest.mark.parametrize("text", [b'"\xff"', b"\xff\xfe{\x00}\x00", b'"\xc3"'])
def test_not_utf_8(text):
    with pytest.raises(Undecodable, match="^failed to decode request: "):
        load(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 900, 1100, 5000, 100_000])
@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")])
@pytest.mark.parametrize("inside", ["1", "NaN"])
def test_too_deep(depth, brackets, inside):
    text = (brackets[0] * depth + inside + brackets[1] * depth).encode()
    with pytest.raises(Unparsable):
        load(text)
    with pytest.raises(Unparsable):
        load(text[: len(text) // 2])


def test_as_deep_as_allowed():
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    orjson.dumps({"properties": load(text)})
    assert load(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501
    assert load(b'"' + b"[" * 500 + b'"') == "[" * 500


def test_backslashes_are_read_in_linear_time():
    started = time.perf_counter()
    load(b'"' + b"\\\\" * 500_000 + b'\\u0000"')
    assert time.perf_counter() - started < 60


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda children: (
        st.lists(children)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), children
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_valid_json_is_read_as_it_is(value):
    assert load(json.dumps(value).encode()) == value
    assert load(json.dumps([value, float("nan")]).encode()) == [value, None]


@given(st.text(st.characters(codec=None)))
def test_any_string_can_be_stored(text):
    document = load(json.dumps({text: text}).encode())
    ((key, value),) = document.items()
    assert key == value
    assert "\0" not in value
    value.encode()
    assert orjson.loads(orjson.dumps(document)) == document


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    try:
        document = load(data)
    except (Unparsable, Undecodable):
        return
    orjson.dumps(document)
