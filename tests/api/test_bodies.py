"""How bodies are read and answers written."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from rest_framework import serializers as drf
from rest_framework.exceptions import ValidationError

from posthog_clone.api.renderers import JSONRenderer
from posthog_clone.api.serializers import Serializer
from projects.viewsets import ScopedViewSet


def post(api, body, content_type="application/json"):
    return api.post("persisted_folder/", body, content_type=content_type)


@pytest.mark.parametrize("body", ["", "  \n"])
def test_an_empty_json_body_is_an_empty_object(api, body):
    r = post(api, body)

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "required", "type")


@pytest.mark.parametrize(
    "body",
    [
        *["{", '{"a": NaN}', '{"a": Infinity}', "{'a': 1}", '{"a": 1,}', '"\\ud800"', "[" * 5000],
        *[b"\xff", b"\xfe\xff{}", '{"path": "a\\u0000b"}', '{"x": [{"\\u0000": 1}]}'],
    ],
)
def test_malformed_json(api, body):
    r = post(api, body)

    assert r.status_code == 400
    assert (r.json()["type"], r.json()["code"]) == ("invalid_request", "parse_error")
    assert r.json()["detail"].startswith("JSON parse error - ")


def test_an_escaped_backslash_before_u0000_is_text(api):
    r = post(api, '{"type": "home", "path": "\\\\u0000"}')

    assert (r.status_code, r.json()["path"]) == (201, "\\u0000")


def test_malformed_body_without_key_in_the_header(project, api, anonymous, user, session):
    """The body is looked into for a key first; the complaint still comes in its turn."""
    key = api._credentials["HTTP_AUTHORIZATION"].split()[1]
    for content_type, status in [("application/json", 400), ("text/plain", 415)]:
        body = ('{"broken', content_type)
        assert post(anonymous, *body).status_code == 401
        for client, query in [(session, ""), (anonymous, f"?personal_api_key={key}")]:
            r = client.post(f"persisted_folder/{query}", body[0], content_type=content_type)
            assert r.status_code == status
            r = client.put(f"persisted_folder/{query}", body[0], content_type=content_type)
            assert r.status_code == 405
            r = client.generic(
                "GET", f"persisted_folder/{query}", body[0], content_type=content_type
            )
            assert r.status_code == 200


def test_other_content_types(api):
    r = post(api, "type=home", "text/plain")

    assert r.status_code == 415
    assert r.json() == {
        "type": "invalid_request",
        "code": "unsupported_media_type",
        "detail": 'Unsupported media type "text/plain" in request.',
        "attr": None,
    }


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart"])
def test_forms(api, content_type):
    if content_type == "multipart":
        r = api.post("persisted_folder/", {"type": "home", "path": "ä &"}, format="multipart")
    else:
        r = post(api, "type=home&path=%C3%A4+%26", content_type)

    assert (r.status_code, r.json()["path"]) == (201, "ä &")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("a=b", "multipart/form-data"),
        ("a=b", "multipart/form-data; boundary=x"),
        ("&".join(f"f{i}=1" for i in range(2000)), "application/x-www-form-urlencoded"),
        ("type=%ff%00", "application/x-www-form-urlencoded"),
    ],
)
def test_malformed_forms(api, body, content_type):
    r = post(api, body, content_type)

    assert r.status_code == 400
    assert set(r.json()) == {"type", "code", "detail", "attr"}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"]
)
def test_too_large(api, anonymous, monkeypatch, content_type):
    monkeypatch.setattr(ScopedViewSet, "max_body_bytes", 1024 * 1024)

    for client in [api, anonymous]:
        r = post(client, b"x" * (1024 * 1024 + 1), content_type)
        assert r.status_code == 413
        assert r.json() == {
            "type": "invalid_request",
            "code": "content_too_large",
            "detail": "The request body is larger than 1 MiB.",
            "attr": None,
        }


class Inner(Serializer):
    number = drf.IntegerField()
    flag = drf.BooleanField(default=True)


class Everything(Serializer):
    text = drf.CharField(required=False)
    number = drf.IntegerField(required=False, allow_null=True)
    flag = drf.BooleanField(default=True)
    when = drf.DateTimeField(required=False, allow_null=True)
    nickname = drf.CharField(required=False, allow_null=True, allow_blank=True)
    anything = drf.JSONField(required=False, allow_null=True)
    object = drf.DictField(required=False, allow_null=True)
    list = drf.ListField(child=drf.IntegerField(), required=False)
    nested = Inner(required=False, allow_null=True)
    many = Inner(many=True, required=False)
    choices = drf.MultipleChoiceField(choices=["a", "b"], required=False)
    file = drf.FileField(required=False)


def read(form: str):
    serializer = Everything(data=QueryDict(form))
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", {}),
        ("text=[1]", {"text": "[1]"}),
        ("text=a&text=b", {"text": "b"}),
        ("number=5", {"number": 5}),
        ("number=", {"number": None}),
        ("number=null", {"number": None}),
        ("when=", {"when": None}),
        ("nickname=null", {"nickname": "null"}),
        ("nickname=", {"nickname": ""}),
        ("flag=false", {"flag": False}),
        ('anything={"a": [1]}', {"anything": {"a": [1]}}),
        ("anything=null", {"anything": None}),
        ('anything="text"', {"anything": "text"}),
        ('object={"a": 1}', {"object": {"a": 1}}),
        ("object=null", {"object": None}),
        ("list=[1,2]", {"list": [1, 2]}),
        ("list=[]", {"list": []}),
        ("list=1&list=2", {"list": [1, 2]}),
        ('nested={"number": 1}', {"nested": {"number": 1, "flag": True}}),
        ("nested=null", {"nested": None}),
        ('many=[{"number": 1}]', {"many": [{"number": 1, "flag": True}]}),
        ('choices=["a"]', {"choices": ["a"]}),
    ],
)
def test_forms_mean_what_their_json_would(form, expected):
    assert read(form) == {"flag": True, **expected}


def test_files_of_forms_are_kept():
    form = QueryDict(mutable=True)
    form["file"] = SimpleUploadedFile("a.csv", b"a,b")
    serializer = Everything(data=form)

    assert serializer.is_valid()
    assert serializer.validated_data["file"].read() == b"a,b"


@pytest.mark.parametrize("name", ["anything", "object", "list", "nested", "many", "choices"])
@pytest.mark.parametrize("text", ["undefined", "[1", "", "NaN"])
def test_fields_of_forms_that_are_no_json(name, text):
    with pytest.raises(ValidationError) as error:
        read(f"{name}={text}")

    assert list(error.value.detail) == [name]
    assert error.value.detail[name][0].code == "invalid"


def test_errors_of_forms_come_in_the_order_of_the_fields():
    with pytest.raises(ValidationError) as error:
        read("list=undefined&many=undefined&number=x&file=x")

    assert list(error.value.detail) == ["number", "list", "many", "file"]


def render(data):
    return JSONRenderer().render(data).decode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": float("nan"), "b": [float("inf"), -float("inf")]}, '{"a":null,"b":[null,null]}'),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), '"2024-01-02T03:04:05Z"'),
        (datetime(2024, 1, 2, 3, 4, 5, 600, tzinfo=UTC), '"2024-01-02T03:04:05.000600Z"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ({1: "a"}, '{"1":"a"}'),
        ((1, {2}), "[1,[2]]"),
        ("ä", '"ä"'),
        (2**64 - 1, "18446744073709551615"),
        (-(2**100), str(-(2**100))),
        ({"n": [2**64], "x": float("nan")}, '{"n":[18446744073709551616],"x":null}'),
        ({"lone surrogate": "\ud800"}, '{"lone surrogate":"\\ud800"}'),
    ],
)
def test_answers(data, text):
    assert render(data) == text


def test_headers(api):
    r = api.get("persisted_folder/")

    assert r.headers["Content-Type"] == "application/json"
    assert r.headers["X-Content-Type-Options"] == "nosniff"
    assert r.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert r.headers["Referrer-Policy"] == "same-origin"
    assert {"Accept", "Cookie", "Origin"} <= set(r.headers["Vary"].split(", "))


def test_answers_are_gzipped_when_asked(api):
    for path in ["a" * 300, "b" * 300]:
        api.post("persisted_folder/", {"type": "home", "path": path})

    r = api.get("persisted_folder/", headers={"Accept-Encoding": "gzip"})

    assert r.headers["Content-Encoding"] == "gzip"


def test_large_and_small_numbers_in_bodies(api):
    body = orjson.dumps({"type": "home", "path": 5, "x": 1e300}).replace(b"1e300", b"9" * 400)

    assert post(api, body).status_code in {201, 400}


def test_a_deeply_nested_body_with_nul_is_refused(api):
    r = post(api, '{"path": "\\u0000", "x": ' + "[" * 900 + "]" * 900 + "}")

    assert (r.status_code, r.json()["code"]) == (400, "parse_error")
