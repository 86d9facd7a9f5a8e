"""What posthog-js reads when it starts."""

import json
import re

import pytest

from ingestion.urls import urlpatterns

pytestmark = pytest.mark.django_db

ORIGIN = "https://shop.example.com"
CONFIG = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": {"endpoint": "/e/"},
    "analytics": {"endpoint": "/i/v0/e/"},
    "elementsChainAsString": True,
    "errorTracking": {"autocaptureExceptions": True, "suppressionRules": []},
    "logs": {"captureConsoleLogs": False},
    "sessionRecording": False,
    "heatmaps": False,
    "surveys": False,
    "conversations": False,
    "productTours": False,
    "defaultIdentifiedOnly": True,
    "siteApps": [],
    "isAuthenticated": False,
    "toolbarParams": {},
}


@pytest.mark.parametrize("slash", ["", "/"])
def test_config(client, project, slash):
    r = client.get(f"/array/{project.api_token}/config{slash}", HTTP_ORIGIN=ORIGIN)
    assert (r.status_code, r.json()) == (200, {"token": project.api_token, **CONFIG})
    assert r["Access-Control-Allow-Origin"] == ORIGIN
    assert "max-age" in r["Cache-Control"]


def test_config_script_sets_what_the_sdk_looks_for(client, project):
    r = client.get(f"/array/{project.api_token}/config.js")
    code = r.content.decode()
    assert r["Content-Type"].startswith("application/javascript")
    declared, assigned = code.strip().split("\n")
    assert declared == "window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {};"
    match = re.fullmatch(r'window\._POSTHOG_REMOTE_CONFIG\["(.*?)"\] = (.*);', assigned)
    assert match[1] == project.api_token
    assert json.loads(match[2]) == {
        "config": {"token": project.api_token, **CONFIG},
        "siteApps": [],
    }


@pytest.mark.parametrize("token", ["phc_none", "phx_x", "%00", "%F0%9F%98%80", "%ED%A0%80"])
@pytest.mark.parametrize("name", ["config", "config.js", "array.js"])
def test_unknown_tokens(client, token, name):
    r = client.get(f"/array/{token}/{name}", HTTP_ORIGIN=ORIGIN)
    assert r.status_code == 404
    assert r["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    ("of_server", "of_project", "expected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_autocapture_of_exceptions(client, project, settings, of_server, of_project, expected):
    settings.AUTOCAPTURE_EXCEPTIONS = of_server
    project.settings = {"autocapture_exceptions_opt_in": of_project}
    project.save()
    config = client.get(f"/array/{project.api_token}/config").json()
    assert config["errorTracking"]["autocaptureExceptions"] is expected
    assert config["autocaptureExceptions"] == ({"endpoint": "/e/"} if expected else False)


def test_autocapture_of_clicks_can_be_off(client, project):
    project.settings = {"autocapture_opt_out": True}
    project.save()
    config = client.get(f"/array/{project.api_token}/config").json()
    assert config["autocapture_opt_out"] is True


def test_endpoints_of_the_configuration_exist(client, project):
    paths = {str(pattern.pattern) for pattern in urlpatterns}
    config = client.get(f"/array/{project.api_token}/config").json()
    for part in ("analytics", "autocaptureExceptions"):
        assert config[part]["endpoint"].strip("/") in paths


def test_array_script_comes_with_its_configuration(client, project, settings, tmp_path):
    settings.BROWSER_SDK_DIR = tmp_path
    path = f"/array/{project.api_token}/array.js"
    assert client.get(path).status_code == 404

    (tmp_path / "array.js").write_text("start();")
    code = client.get(path).content.decode()
    assert code.startswith("window._POSTHOG_REMOTE_CONFIG")
    assert code.endswith("start();")
