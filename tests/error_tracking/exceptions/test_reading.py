import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from error_tracking.exceptions.entries import BrokenList
from error_tracking.exceptions.frames import READERS
from error_tracking.exceptions.reading import read


def read_one(**entry):
    return read({"$exception_list": [entry]}).entries[0]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (None, "$exception_list is missing"),
        ("text", "$exception_list is not an array"),
        ({}, "$exception_list is not an array"),
        ([], "$exception_list is empty"),
        ([{"type": "A"}, "text"], "$exception_list[1] is not an object"),
    ],
)
def test_broken_lists(broken, message):
    with pytest.raises(BrokenList) as error:
        read({"$exception_list": broken})
    assert str(error.value) == message


def test_a_broken_list_can_be_stored():
    properties = {"$exception_list": ["a\x00\ud800"], "$exception_types": ["forged"]}
    with pytest.raises(BrokenList):
        read(properties)
    assert properties == {"$exception_list": ["a\ufffd\ufffd"]}


def test_what_only_the_server_may_say_is_removed():
    forged = {
        f"$exception_{key}": "forged"
        for key in [
            "sources",
            "types",
            "values",
            "functions",
            "releases",
            "fingerprint_version",
            "proposed_fingerprint",
            "fingerprint_record",
            "issue_id",
        ]
    }
    properties = {"$exception_list": [{}], "$exception_level": "fatal", **forged}
    read(properties)
    assert set(properties) == {"$exception_list", "$exception_level"}


@pytest.mark.parametrize(
    ("entry", "type", "value"),
    [
        ({}, "Error", ""),
        ({"type": None, "value": None}, "Error", ""),
        ({"type": "E", "value": 5}, "E", "5"),
        ({"type": 5, "value": {"b": 1}}, "5", '{"b":1}'),
        ({"type": "a\x00b", "value": "c\ud800d"}, "a\ufffdb", "c\ufffdd"),
        ({"type": "E", "value": "x" * 10_000}, "E", "x" * 10_000),
        ({"type": "E", "value": "x" * 10_001}, "E", "x" * 10_000 + "..."),
        ({"type": "E", "value": "é" * 5_001}, "E", "é" * 5_000 + "..."),
        ({"type": "E", "value": "a" + "é" * 5_000}, "E", "a" + "é" * 4_999 + "..."),
    ],
)
def test_types_and_values(entry, type, value):
    found = read_one(**entry)
    assert (found.type, found.value) == (type, value)


def test_entries_keep_their_mechanism_and_get_an_id():
    entry = read_one(
        id="forged",
        type="E",
        module="m",
        thread_id=3,
        mechanism={"handled": True, "extra": {"deep": "\x00"}},
        other=1,
    )
    stored = entry.stored()
    assert stored.pop("id") == entry.id != "forged"
    assert stored == {
        "type": "E",
        "value": "",
        "module": "m",
        "thread_id": 3,
        "mechanism": {"handled": True, "extra": {"deep": "\ufffd"}},
    }


@pytest.mark.parametrize(
    ("mechanism", "handled"),
    [
        ({"handled": True}, True),
        ({"handled": False}, False),
        ({"handled": "yes"}, False),
        ({}, False),
        (None, False),
        ("x", False),
    ],
)
def test_handled_is_the_outermost_mechanisms(mechanism, handled):
    exception = read(
        {
            "$exception_list": [{"mechanism": mechanism}, {"mechanism": {"handled": not handled}}],
            "$exception_handled": "forged",
        }
    )
    assert exception.stored_properties()["$exception_handled"] is handled


def test_properties_of_the_stored_event():
    frames = [
        {"platform": "python", "filename": "a.py", "function": "f"},
        {"platform": "python", "filename": "a.py", "function": "g"},
        {"platform": "python", "filename": "lib.py", "function": "h", "in_app": False},
    ]
    entries = [
        {"type": "A", "value": "x", "stacktrace": {"type": "raw", "frames": frames}},
        {"type": "B", "value": "x", "stacktrace": {"frames": []}},
        {"type": "A", "value": "y"},
    ]
    stored = read({"$exception_list": entries}).stored_properties()
    assert stored["$exception_types"] == ["A", "B"]
    assert stored["$exception_values"] == ["x", "y"]
    assert stored["$exception_sources"] == ["a.py"]
    assert stored["$exception_functions"] == ["f", "g"]
    stacks = [entry.get("stacktrace") for entry in stored["$exception_list"]]
    assert [frame["resolved_name"] for frame in stacks[0]["frames"]] == ["f", "g", "h"]
    assert stacks[1:] == [{"type": "resolved", "frames": []}, None]


def test_an_empty_stack_counts_as_none():
    def first(entry):
        return read({"$exception_list": [entry]}).automatic_fingerprints()[0].value

    assert first({"value": "a"}) == first({"value": "a", "stacktrace": {"frames": []}})
    assert first({"value": "a"}) != first({"value": "b", "stacktrace": {"frames": []}})


@pytest.mark.parametrize(
    ("properties", "name", "description"),
    [
        ({"$exception_list": [{"type": "A", "value": "b"}, {"type": "C"}]}, "A", "b"),
        (
            {"$exception_list": [{}], "$issue_name": "n", "$issue_description": "d"},
            "n",
            "d",
        ),
        ({"$exception_list": [{"type": "t" * 300, "value": "v" * 300}]}, "t" * 255, "v" * 255),
        ({"$exception_list": [{}], "$issue_name": "a\x00", "$issue_description": 5}, "a\ufffd", ""),
        ({"$exception_type": "T", "$exception_message": "m"}, "T", "m"),
        ({"$exception_message": "m"}, "Error", "m"),
    ],
)
def test_name_and_description_of_the_issue(properties, name, description):
    exception = read(properties)
    assert (exception.issue_name, exception.issue_description) == (name, description)


def test_stacks_that_came_resolved_are_kept():
    frame = {
        "raw_id": "abc/1",
        "mangled_name": "e",
        "resolved_name": "checkout",
        "lang": "javascript",
        "in_app": True,
        "resolved": True,
        "line": 3,
        "unknown": 1,
    }
    entry = read_one(stacktrace={"type": "resolved", "frames": [frame, "no frame"]})
    del frame["unknown"]
    assert [found.contents for found in entry.frames] == [
        {**frame, "synthetic": False, "suspicious": False}
    ]
    assert not entry.frames[0].is_recorded


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)
KEYS = [
    "platform",
    "function",
    "filename",
    "lineno",
    "colno",
    "module",
    "abs_path",
    "in_app",
    "synthetic",
    "context_line",
    "pre_context",
    "post_context",
    "chunk_id",
    "code_variables",
    "lang",
    "resolved",
    "instruction_addr",
    "image_addr",
    "map_id",
    "raw_id",
    "mangled_name",
    "resolved_name",
]
PLATFORMS = st.sampled_from(list(READERS))
FRAME = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)).flatmap(
    lambda frame: PLATFORMS.map(lambda platform: {**frame, "platform": platform}) | st.just(frame)
)
STACK = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["raw", "resolved", 1]), "frames": st.lists(FRAME | JSON)}
)
ENTRY = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("type", "value", "module", "thread_id", "mechanism"), JSON)
    | {"stacktrace": STACK | JSON},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    raw_list=st.lists(ENTRY, min_size=1, max_size=3) | JSON,
    lib=st.sampled_from(["web", "posthog-python", "posthog-go", 5, None]),
    version=JSON,
    other=st.dictionaries(
        st.sampled_from(
            ["$exception_fingerprint", "$issue_name", "$issue_description", "$exception_type"]
        ),
        JSON,
    ),
)
def test_any_json_is_read_or_named_broken(raw_list, lib, version, other):
    properties = {"$exception_list": raw_list, "$lib": lib, "$lib_version": version, **other}
    try:
        exception = read(properties)
    except BrokenList:
        orjson.dumps(properties["$exception_list"])
        return
    stored = exception.stored_properties()
    assert b"\\u0000" not in orjson.dumps(stored).replace(b"\\\\u0000", b"")
    for found in exception.automatic_fingerprints():
        assert len(found.value) == 128
        orjson.dumps(found.record)
    exception.issue_name.encode()
    exception.issue_description.encode()


def test_a_hundred_thousand_frames_are_read():
    frames = [{"platform": "python", "function": f"f{n}", "lineno": n} for n in range(100_000)]
    exception = read({"$exception_list": [{"stacktrace": {"frames": frames}}]})
    exception.automatic_fingerprints()
    exception.stored_properties()
    assert len(exception.entries[0].frames) == 100_000


def test_deep_nesting_is_no_trouble():
    deep = current = {}
    for _ in range(600):
        current["a"] = current = {}
    entry = read_one(mechanism=deep, stacktrace={"frames": [{"code_variables": deep, "x": deep}]})
    orjson.dumps(entry.stored())


def test_lists_of_empty_objects_do_not_grow_without_end():
    assert len(read({"$exception_list": [{}] * 5000}).entries) == 1000
