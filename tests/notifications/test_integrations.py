import base64
import logging

import pytest

from notifications.integrations import create_ticket
from notifications.models import Integration
from notifications.providers import ProviderError
from tests.factories import IntegrationFactory, ProjectFactory
from tests.notifications.standin import Reply

pytestmark = pytest.mark.django_db

ORGANIZATION = {"id": "o1", "name": "Acme", "urlKey": "acme"}
GITLAB_PROJECT = {"id": 7, "path_with_namespace": "a/b", "name_with_namespace": "A / B"}
TOKEN = "very-secret-token"


def service(outside, kind):
    """What a user enters to connect, and the replies of a service that takes it."""
    url = outside.url()
    return {
        "github": (
            {"access_token": TOKEN, "api_url": url + "/"},
            {
                "/user": {"login": "ada"},
                "/repos/ada/app/issues": {"number": 5},
                "/repos/acme/shop/issues": {"number": 6},
                "/user/repos": [{"id": 1, "name": "app", "full_name": "ada/app", "private": True}],
            },
        ),
        "gitlab": (
            {"hostname": url, "project_id": 7, "project_access_token": TOKEN},
            {"/api/v4/projects/7": GITLAB_PROJECT, "/api/v4/projects/7/issues": {"iid": 3}},
        ),
        "linear": (
            {"access_token": TOKEN, "api_url": url},
            {"/graphql": {"data": {"viewer": {"organization": ORGANIZATION}}}},
        ),
        "jira": (
            {"site_url": url + "/", "email": "ada@x.org", "api_token": TOKEN},
            {
                "/rest/api/3/myself": {"accountId": "1"},
                "/rest/api/3/issue": {"key": "OPS-9"},
                "/rest/api/3/project/search": {
                    "values": [{"id": "1", "key": "OPS", "name": "Operations", "style": "x"}]
                },
            },
        ),
        "slack": (
            {"access_token": TOKEN, "api_url": url + "/api"},
            {"/api/auth.test": {"ok": True, "team": "Acme", "team_id": "T1", "user": "bot"}},
        ),
    }[kind]


CONFIG_OUT = {
    "github": lambda url: {"account": {"name": "ada"}},
    "gitlab": lambda url: {"hostname": url, "path_with_namespace": "a/b", "project_id": 7},
    "linear": lambda url: {"data": {"viewer": {"organization": ORGANIZATION}}},
    "jira": lambda url: {"site_url": url, "email": "ada@x.org"},
    "slack": lambda url: {"team": {"id": "T1", "name": "Acme"}},
}
DISPLAY_NAME = {"github": "ada", "gitlab": "A / B", "linear": "Acme", "slack": "Acme"}
BASIC = "Basic " + base64.b64encode(f"ada@x.org:{TOKEN}".encode()).decode()
CREDENTIALS = {
    "github": ("authorization", f"Bearer {TOKEN}"),
    "gitlab": ("private-token", TOKEN),
    "linear": ("authorization", f"Bearer {TOKEN}"),
    "jira": ("authorization", BASIC),
    "slack": ("authorization", f"Bearer {TOKEN}"),
}
KINDS = list(CONFIG_OUT)


@pytest.fixture
def connected(api, outside):
    """Connects an account of a kind."""

    def connect(kind) -> Integration:
        config, replies = service(outside, kind)
        outside.by_path({path: Reply(200, body) for path, body in replies.items()})
        answer = api.post("integrations/", {"kind": kind, "config": config})
        assert answer.status_code == 201, answer.json()
        return Integration.objects.get(id=answer.json()["id"])

    return connect


@pytest.mark.parametrize("kind", KINDS)
def test_connecting_tries_the_token_and_shows_the_account(api, outside, user, kind):
    config, replies = service(outside, kind)
    outside.by_path({path: Reply(200, body) for path, body in replies.items()})

    answer = api.post("integrations/", {"kind": kind, "config": config})

    integration = Integration.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": integration.id,
            "kind": kind,
            "config": CONFIG_OUT[kind](outside.url()),
            "created_at": integration.created_at.isoformat().replace("+00:00", "Z"),
            "created_by": answer.json()["created_by"],
            "errors": "",
            "display_name": DISPLAY_NAME.get(kind, outside.url()),
        },
    )
    assert answer.json()["created_by"]["id"] == user.id
    (probe,) = outside.received
    name, value = CREDENTIALS[kind]
    assert probe.headers[name] == value
    assert api.get(f"integrations/{integration.id}/").json() == answer.json()


@pytest.mark.parametrize("kind", KINDS)
def test_connecting_again_keeps_the_row_and_replaces_the_token(api, outside, connected, kind):
    first = connected(kind)
    config, _ = service(outside, kind)
    renewed = {key: "renewed" if value == TOKEN else value for key, value in config.items()}

    answer = api.post("integrations/", {"kind": kind, "config": renewed})

    assert (answer.status_code, answer.json()["id"]) == (201, first.id)
    assert "renewed" in Integration.objects.get().secrets.values()


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_are_nowhere_to_be_seen(api, outside, connected, kind, caplog):
    caplog.set_level(logging.DEBUG)
    integration = connected(kind)
    row = Integration.objects.values().get()

    assert TOKEN in integration.secrets.values()
    assert TOKEN not in str(row)
    assert TOKEN not in api.get("integrations/").content.decode()
    assert TOKEN not in api.get(f"integrations/{integration.id}/").content.decode()
    outside.always(401, {"message": f"Bad token {TOKEN}", "error": TOKEN})
    config, _ = service(outside, kind)
    refused = api.post("integrations/", {"kind": kind, "config": config})
    assert refused.status_code == 400
    assert TOKEN not in refused.content.decode()
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": "Bad credentials"}),
        Reply(500, b"oops"),
        Reply(200, b"<html>"),
        Reply(200, {}),
        Reply(200, []),
        Reply(200, {"ok": False, "error": "invalid_auth"}),
        Reply(200, {"errors": [{"message": "no"}]}),
        Reply(302, {}, {"Location": "/"}),
    ],
)
def test_an_account_that_can_t_be_tried_is_not_stored(api, outside, kind, reply):
    config, _ = service(outside, kind)
    outside.answer = lambda request: reply

    answer = api.post("integrations/", {"kind": kind, "config": config})

    assert (answer.status_code, answer.json()["attr"]) == (400, "config")
    assert not Integration.objects.exists()


def test_the_service_s_own_words_are_passed_on(api, outside):
    config, _ = service(outside, "github")
    outside.always(401, {"message": "Bad credentials", "documentation_url": "x"})
    detail = api.post("integrations/", {"kind": "github", "config": config}).json()["detail"]
    assert detail == "GitHub refused: Bad credentials"

    config, _ = service(outside, "slack")
    outside.always(200, {"ok": False, "error": "invalid_auth"})
    detail = api.post("integrations/", {"kind": "slack", "config": config}).json()["detail"]
    assert detail == "Slack refused: invalid_auth"


def test_hosts_inside_are_refused_by_name_of_the_setting(api, outside, settings):
    settings.OUTBOUND_ALLOW = []
    config, _ = service(outside, "gitlab")

    answer = api.post("integrations/", {"kind": "gitlab", "config": config})

    assert answer.status_code == 400
    assert "OUTBOUND_ALLOW" in answer.json()["detail"]
    assert outside.received == []


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"kind": "github"}, "config", "required"),
        ({"config": {}}, "kind", "required"),
        ({"kind": "nope", "config": {}}, "kind", "invalid_choice"),
        ({"kind": "salesforce", "config": {}}, "kind", "invalid_input"),
        ({"kind": "github", "config": {}}, "config", "invalid_input"),
        ({"kind": "github", "config": {"access_token": ""}}, "config", "invalid_input"),
        ({"kind": "github", "config": {"access_token": {}}}, "config", "invalid_input"),
        ({"kind": "github", "config": "x"}, "config", "not_a_dict"),
        ({"kind": "gitlab", "config": {"hostname": "x"}}, "config", "invalid_input"),
        (
            {"kind": "github", "config": {"access_token": "t", "api_url": "ftp://x"}},
            "config",
            "invalid_input",
        ),
        (
            {"kind": "github", "config": {"access_token": "a\nb", "api_url": "http://1.1.1.1"}},
            "config",
            "invalid_input",
        ),
        ({"kind": ["x"], "config": {}}, "kind", "invalid_choice"),
    ],
)
def test_bad_bodies_name_the_field(api, body, attr, code):
    answer = api.post("integrations/", body)

    assert answer.status_code == 400
    assert (answer.json()["attr"], answer.json()["code"]) == (attr, code)


def test_missing_keys_are_listed(api):
    answer = api.post("integrations/", {"kind": "jira", "config": {"email": "a@b.c"}})

    assert (
        answer.json()["detail"] == "Missing required config fields for jira: site_url, api_token."
    )


def test_list_shows_the_project_s_own_and_filters_by_kind(api, project, django_assert_num_queries):
    rows = [IntegrationFactory(project=project, kind=kind) for kind in ("slack", "github")]
    IntegrationFactory(project=ProjectFactory())

    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        answer = api.get("integrations/").json()

    assert [row["id"] for row in answer["results"]] == [row.id for row in reversed(rows)]
    kinds = [row["kind"] for row in api.get("integrations/?kind=slack").json()["results"]]
    assert kinds == ["slack"]


def test_others_integrations_are_not_found(api):
    other = IntegrationFactory()

    for id in (other.id, "x", "1.5", "9" * 40):
        assert api.get(f"integrations/{id}/").status_code == 404
        assert api.delete(f"integrations/{id}/").status_code == 404
    assert Integration.objects.exists()


def test_integrations_are_not_edited(api, project):
    integration = IntegrationFactory(project=project)

    assert api.patch(f"integrations/{integration.id}/", {}).status_code == 405
    assert api.put(f"integrations/{integration.id}/", {}).status_code == 405


def test_delete(api, project):
    integration = IntegrationFactory(project=project)

    assert api.delete(f"integrations/{integration.id}/").status_code == 204
    assert not Integration.objects.exists()


def test_scopes(api_with_scopes, project):
    integration = IntegrationFactory(project=project)
    reader = api_with_scopes("integration:read")

    assert reader.get("integrations/").status_code == 200
    assert reader.get(f"integrations/{integration.id}/jira_projects/").status_code == 400
    assert reader.post("integrations/", {}).status_code == 403
    assert reader.delete(f"integrations/{integration.id}/").status_code == 403
    assert api_with_scopes("query:read").get("integrations/").status_code == 403


def test_a_secret_of_another_key_asks_to_be_entered_again(api, project, settings):
    integration = IntegrationFactory(project=project)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another"

    answer = api.get(f"integrations/{integration.id}/channels/")
    assert (answer.status_code, "SECRET_KEY" in answer.json()["detail"]) == (400, True)

    settings.SECRET_KEY_FALLBACKS = [old]
    assert integration.secrets == {"access_token": "xoxb-token"}


def test_what_is_done_is_logged_without_secrets(api, outside, connected):
    connected("github")
    integration = connected("github")
    api.delete(f"integrations/{integration.id}/")

    entries = api.get("activity_log/?scope=Integration").json()["results"]

    assert [entry["activity"] for entry in entries] == ["deleted", "updated", "created"]
    assert {(entry["item_id"], entry["detail"]["name"]) for entry in entries} == {
        (str(integration.id), "ada")
    }
    assert TOKEN not in str(entries)


# What can be chosen there


def test_channels_of_all_pages(api, outside, connected):
    integration = connected("slack")
    pages = {
        None: {
            "ok": True,
            "channels": [
                {"id": "C1", "name": "general", "is_private": False, "is_member": False, "x": 1}
            ],
            "response_metadata": {"next_cursor": "two"},
        },
        "two": {
            "ok": True,
            "channels": [{"id": "C2", "name": "ops", "is_private": True, "is_member": False}],
            "response_metadata": {"next_cursor": ""},
        },
    }
    outside.answer = lambda request: Reply(200, pages[request.query.get("cursor", [None])[0]])

    answer = api.get(f"integrations/{integration.id}/channels/").json()

    assert [(row["id"], row["name"]) for row in answer["channels"]] == [
        ("C1", "general"),
        ("C2", "ops"),
    ]
    assert [row["is_private_without_access"] for row in answer["channels"]] == [False, True]


def test_repositories_teams_and_projects(api, outside, connected):
    github = connected("github")
    assert api.get(f"integrations/{github.id}/github_repos/").json() == {
        "repositories": [{"id": 1, "name": "app", "full_name": "ada/app"}],
        "has_more": False,
        "total": 1,
    }
    linear = connected("linear")
    outside.always(200, {"data": {"teams": {"nodes": [{"id": "t1", "name": "Core", "x": 1}]}}})
    assert api.get(f"integrations/{linear.id}/linear_teams/").json() == {
        "teams": [{"id": "t1", "name": "Core"}]
    }
    jira = connected("jira")
    assert api.get(f"integrations/{jira.id}/jira_projects/").json() == {
        "projects": [{"id": "1", "key": "OPS", "name": "Operations"}]
    }
    assert (
        "of kind jira, not slack" in api.get(f"integrations/{jira.id}/channels/").json()["detail"]
    )


def test_a_service_that_fails_is_the_caller_s_to_know(api, outside, connected):
    integration = connected("slack")
    for body in ({"ok": False, "error": "missing_scope"}, {"ok": True, "channels": 5}, [1], b""):
        outside.always(200, body)
        answer = api.get(f"integrations/{integration.id}/channels/")
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("Slack refused: ")


# Tickets


def test_github_tickets(outside, connected):
    integration = connected("github")

    ticket = create_ticket(integration, {"repository": "app", "title": "Crash", "body": "It did"})

    assert (ticket.url, ticket.id) == ("https://github.com/ada/app/issues/5", "5")
    assert outside.received[-1].json() == {"title": "Crash", "body": "It did"}
    ticket = create_ticket(integration, {"repository": "acme/shop", "title": "C", "body": "b"})
    assert ticket.url == "https://github.com/acme/shop/issues/6"


def test_gitlab_tickets(outside, connected):
    ticket = create_ticket(connected("gitlab"), {"title": "Crash", "body": "It did"})

    assert (ticket.url, ticket.id) == (outside.url("/a/b/issues/3"), "3")
    assert outside.received[-1].json() == {
        "title": "Crash",
        "description": "It did",
        "labels": "posthog",
    }
    assert outside.received[-1].headers["private-token"] == TOKEN


def test_linear_tickets(outside, connected):
    integration = connected("linear")
    issue = {"success": True, "issue": {"identifier": "ENG-12"}}
    outside.always(200, {"data": {"issueCreate": issue}})

    ticket = create_ticket(integration, {"team_id": "t1", "title": "Crash", "description": "D"})

    assert (ticket.url, ticket.id) == ("https://linear.app/acme/issue/ENG-12", "ENG-12")
    assert outside.received[-1].json()["variables"] == {
        "input": {"teamId": "t1", "title": "Crash", "description": "D"}
    }


def test_jira_tickets(outside, connected):
    ticket = create_ticket(
        connected("jira"), {"project_key": "OPS", "title": "Crash", "description": "one\n\ntwo"}
    )

    assert (ticket.url, ticket.id) == (outside.url("/browse/OPS-9"), "OPS-9")
    fields = outside.received[-1].json()["fields"]
    assert (fields["project"], fields["summary"]) == ({"key": "OPS"}, "Crash")
    assert [row["content"][0]["text"] for row in fields["description"]["content"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("github", "repository, title, body"),
        ("gitlab", "title, body"),
        ("linear", "team_id, title, description"),
        ("jira", "project_key, title, description"),
    ],
)
def test_missing_fields_of_tickets_are_listed(connected, kind, missing):
    with pytest.raises(ProviderError, match=f"fields for {kind}: {missing}"):
        create_ticket(connected(kind), {})


def test_tickets_that_fail_say_why(outside, connected):
    integration = connected("gitlab")
    outside.always(422, {"message": {"title": ["is too long"]}})

    with pytest.raises(ProviderError, match="is too long"):
        create_ticket(integration, {"title": "Crash", "body": "It did"})
    with pytest.raises(Exception, match="no tickets"):
        create_ticket(connected("slack"), {})
