import pytest

from error_tracking.exceptions.reading import read


def types(lib, version, *kinds, ids=None):
    entries = [{"type": kind} for kind in kinds]
    for entry, exception_id in zip(entries, ids or [], strict=False):
        entry["mechanism"] = {"exception_id": exception_id}
    properties = {"$exception_list": entries, "$lib": lib, "$lib_version": version}
    return [entry.type for entry in read(properties).entries]


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ("3.7.0", True),
        ("7.30.0", True),
        ("7.31.0rc1", True),
        ("7.31.0-beta.1", True),
        ("7.31.0.dev3", True),
        ("7.31.0", False),
        ("7.31", False),
        ("v7.31.0", False),
        ("7.31.0+local", False),
        ("7.100.2", False),
        ("10.0.0", False),
        ("unknown", True),
        ("", True),
        (None, True),
        (7.31, True),
        ("7.31.0.0.1", True),
    ],
)
def test_python_turned_its_list_round_with_7_31(version, is_old):
    expected = ["Outer", "Root"] if is_old else ["Root", "Outer"]
    assert types("posthog-python", version, "Root", "Outer") == expected


@pytest.mark.parametrize("version", ["7.30.0", "7.91.1"])
@pytest.mark.parametrize("lib", ["posthog-python", "web", None, "posthog-android"])
def test_exception_id_zero_is_the_outermost_whatever_the_version(lib, version):
    assert types(lib, version, "A", "B", "C", ids=[0, 1, 2]) == ["A", "B", "C"]
    assert types(lib, version, "C", "B", "A", ids=[2, 1, 0]) == ["A", "B", "C"]
    assert types(lib, version, "B", "A", "C", ids=[1, 0, 2]) == ["A", "B", "C"]


def test_other_sdks_send_the_outermost_first():
    for lib in ("web", "posthog-node", "posthog-ruby", None, 5):
        assert types(lib, "1.0.0", "Outer", "Root") == ["Outer", "Root"]


@pytest.mark.parametrize(
    ("lib", "version", "is_reversed"),
    [
        ("posthog-go", "1.18.9", True),
        ("posthog-go", "1.19.0", False),
        ("posthog-php", "4.10.3", True),
        ("posthog-php", "4.11.0", False),
        ("posthog-rs", "0.18.0", True),
        ("posthog-rs", "0.19.0", False),
        ("posthog-android", "99.0.0", True),
        ("posthog-flutter", "99.0.0", True),
        ("posthog-elixir", "99.0.0", True),
        ("posthog-java", "99.0.0", True),
        ("posthog-server", "99.0.0", True),
        ("posthog-python", "3.0.0", False),
        ("posthog-ruby", "1.0.0", False),
        ("web", "1.0.0", False),
    ],
)
def test_frames_end_at_the_crash_site(lib, version, is_reversed):
    frames = [{"platform": "go", "function": name, "filename": "a.go"} for name in "ab"]
    entry = {"type": "E", "stacktrace": {"type": "raw", "frames": frames}}
    exception = read({"$exception_list": [entry], "$lib": lib, "$lib_version": version})
    names = [frame.contents["mangled_name"] for frame in exception.entries[0].frames]
    assert names == (["b", "a"] if is_reversed else ["a", "b"])


def test_fingerprints_of_the_customary_order_are_candidates_too():
    frames = [{"platform": "go", "function": name, "filename": "a.go"} for name in "ab"]
    entry = {"type": "E", "stacktrace": {"type": "raw", "frames": frames}}

    def candidates(lib, version):
        properties = {"$exception_list": [entry], "$lib": lib, "$lib_version": version}
        return [found.value for found in read(properties).automatic_fingerprints()]

    old, new = candidates("posthog-go", "1.0.0"), candidates("posthog-go", "1.19.0")
    plain = candidates("posthog-ruby", "1.0.0")
    assert len(old) == len(new) == 4
    assert new[:2] == plain
    assert new[2:] == old[:2]
