import pytest

from error_tracking.exceptions.entries import Entry
from error_tracking.exceptions.fingerprinting import (
    Version,
    automatic_fingerprint,
    client_fingerprint,
    normalized_source,
    normalized_value,
)
from error_tracking.exceptions.frames import read_resolved_frames
from error_tracking.exceptions.reading import read


def frame(**changes):
    return {
        "mangled_name": "x",
        "lang": "javascript",
        "in_app": True,
        "resolved": changes.get("resolved_name") is not None,
        **changes,
    }


def entry(*frames, type="TypeError", value="message"):
    return Entry(id="1", type=type, value=value, frames=read_resolved_frames(list(frames)))


def fingerprint(version, *entries):
    return automatic_fingerprint(entries, version).value


FOO = frame(source="http://example.com/alpha/foo.js", resolved_name="bar", line=10, column=5)
BAR = frame(source="http://example.com/bar.js", module="app.module", resolved_name="baz")
UNRESOLVED = frame(mangled_name="xyz", line=30, column=25)
LIBRARY = frame(source="lib.js", resolved_name="lib", in_app=False)


@pytest.mark.parametrize(
    ("version", "value"),
    [
        (
            Version.V1,
            "d03a8ead4f42a8a315039e016979d6ded265ca61ebe08c5114b17626dc285f13"
            "3e6a62b80d8122ff6b34198223f75bc4a682968b3608f97e9b341da4a1cc3dec",
        ),
        (
            Version.V2,
            "444724bab3c0330331620497546290eff34b8cfe5363dcf938fc92ab80baff08"
            "2a3616472e02ffadcb657cd7bdb211fbd9e1dcb04f2aae33e77c5c54e4835820",
        ),
    ],
)
def test_values_are_those_of_posthog(version, value):
    assert fingerprint(version, entry(FOO, BAR)) == value


def test_version_1_passes_over_unresolved_and_library_frames():
    plain = fingerprint(Version.V1, entry(FOO, BAR))
    assert fingerprint(Version.V1, entry(FOO, BAR, UNRESOLVED)) == plain
    assert fingerprint(Version.V1, entry(LIBRARY, FOO, BAR)) == plain
    assert fingerprint(Version.V1, entry(BAR, FOO)) != plain


def test_version_1_takes_unresolved_frames_when_there_are_no_others():
    first = fingerprint(Version.V1, entry(UNRESOLVED))
    assert first != fingerprint(Version.V1, entry())
    assert first != fingerprint(Version.V1, entry({**UNRESOLVED, "line": 31}))
    assert first != fingerprint(Version.V1, entry({**UNRESOLVED, "column": 26}))


def test_version_1_takes_the_first_frame_when_none_is_in_app():
    other = {**LIBRARY, "resolved_name": "other"}
    assert fingerprint(Version.V1, entry(LIBRARY, other)) == fingerprint(Version.V1, entry(LIBRARY))


def test_version_2_takes_all_frames_and_no_places():
    assert fingerprint(Version.V2, entry(LIBRARY, FOO)) != fingerprint(Version.V2, entry(FOO))
    assert fingerprint(Version.V2, entry(UNRESOLVED)) == fingerprint(
        Version.V2, entry({**UNRESOLVED, "line": 1, "column": 2})
    )


@pytest.mark.parametrize("version", Version)
def test_messages_count_only_without_a_stack(version):
    one, two = entry(value="no user ada"), entry(value="no user bob")
    assert fingerprint(version, one) != fingerprint(version, two)
    one, two = entry(FOO, value="no user ada"), entry(FOO, value="no user bob")
    assert fingerprint(version, one) == fingerprint(version, two)


@pytest.mark.parametrize("version", Version)
def test_a_cause_more_is_another_issue(version):
    assert fingerprint(version, entry(FOO), entry(BAR)) != fingerprint(version, entry(FOO))


@pytest.mark.parametrize("version", Version)
def test_lines_of_resolved_code_do_not_count(version):
    moved = {**FOO, "line": 999, "column": 1, "mangled_name": "zz"}
    assert fingerprint(version, entry(FOO)) == fingerprint(version, entry(moved))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://example.com/alpha/foo.js?v=12", "foo.js"),
        ("C:\\app\\main.py", "main.py"),
        ("/a\\b/c\\d.rb", "d.rb"),
        ("/assets/app.3f9a2b71.js", "app.*.js"),
        ("/assets/index-a1b2c3d4e5f6.chunk.js", "index-*.chunk.js"),
        ("/src/abcdefghijkl.ts", "abcdefghijkl.ts"),
        ("/src/a1b2c3.ts", "a1b2c3.ts"),
        ("", ""),
        ("dir/", ""),
    ],
)
def test_sources_lose_what_builds_stamp_into_them(source, expected):
    assert normalized_source(source) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no key 'abc' in \"def\"", "no key '*' in '*'"),
        ("at 0xDEADbeef", "at *"),
        ("user 0190b0b0-0000-7000-8000-00000000c4a1 gone", "user * gone"),
        ("token 0123456789abcdef0 bad", "token * bad"),
        ("took 12.5 s, 3 times", "took # s, # times"),
        ("it's 5 o'clock", "it'*'clock"),
        ("x" * 300, "x" * 200),
        ("'" + "y" * 9000 + "' missing", "'*' missing"),
    ],
)
def test_values_lose_what_differs_between_occurrences(value, expected):
    assert normalized_value(value) == expected


def test_the_record_names_every_piece():
    exception = entry(
        {**FOO, "raw_id": "a/0"}, {**BAR, "raw_id": "b/0"}, {**UNRESOLVED, "raw_id": "c/0"}
    )
    bare = entry()
    assert automatic_fingerprint([exception, bare], Version.V2).record == [
        {"type": "exception", "id": "1", "pieces": ["Exception Type"]},
        {
            "type": "frame",
            "raw_id": "a/0",
            "pieces": ["Source file name", "Resolved function name"],
        },
        {
            "type": "frame",
            "raw_id": "b/0",
            "pieces": ["Source file name", "Module name", "Resolved function name"],
        },
        {"type": "frame", "raw_id": "c/0", "pieces": ["Mangled function name", "Language"]},
        {"type": "exception", "id": "1", "pieces": ["Exception Type", "Exception Message"]},
    ]
    alone = entry({**UNRESOLVED, "raw_id": "c/0"})
    assert automatic_fingerprint([alone], Version.V1).record[1]["pieces"] == [
        "Mangled function name",
        "Line number",
        "Column number",
        "Language",
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("my-own-group", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("ü" * 32, True),
        ("ü" * 33, False),
    ],
)
def test_short_client_fingerprints_are_kept_verbatim(sent, kept):
    found = client_fingerprint(sent)
    assert found.record == [{"type": "manual"}]
    assert found.version is None
    assert (found.value == sent) is kept
    assert kept or len(found.value) == 128


@pytest.mark.parametrize(("sent", "found"), [(7, "7"), ("", None), (None, None), ([1], None)])
def test_client_fingerprints_of_other_types(sent, found):
    exception = read({"$exception_list": [{}], "$exception_fingerprint": sent})
    assert (exception.client_fingerprint and exception.client_fingerprint.value) == found
