"""What the documents say is there is there, and what is there is in the documents."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from django.conf import settings
from packaging.requirements import Requirement

ROOT = settings.BASE_DIR


def variables_of_settings() -> set[str]:
    source = (ROOT / "posthog_clone" / "settings.py").read_text()
    read = r"""(?:environ\.get\(|environ\[|env_\w+\()\s*"([A-Z0-9_]+)\""""
    return set(re.findall(read, source))


def test_every_variable_is_in_the_example_and_no_other():
    example = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^#? ?([A-Z0-9_]+)=", example, re.MULTILINE))
    of_compose = {"POSTGRES_PASSWORD", "CLICKHOUSE_PASSWORD", "PORT"}
    of_boto3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
    assert documented - of_compose - of_boto3 == variables_of_settings()


def test_every_line_of_the_example_may_be_taken_as_it_stands():
    """What follows the value would be part of it."""
    lines = re.findall(r"^# [A-Z0-9_]+=.*", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert [line for line in lines if " " in line[2:]] == []


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md", "docs/design.md"])
def test_a_document_names_only_files_that_exist(document):
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    for link in links:
        assert ((ROOT / document).parent / link).exists(), link


def commands_of_readme() -> list[str]:
    blocks = re.findall(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [block for block in blocks if block.startswith("    curl")]


def test_the_requests_of_the_readme_work_in_their_order(api, anonymous, project, user, analytics):
    """On a new server, whose first project, user and insight are number one."""
    insight = None
    for command in commands_of_readme():
        arguments = shlex.split(command.replace("phc_…", project.api_token))
        url = arguments[1].removeprefix("http://localhost:8000")
        url = re.sub(r"(?<=/api/)(projects|environments)/1/", rf"\1/{project.id}/", url)
        client = api if "Authorization: Bearer phx_…" in arguments else anonymous
        if "-d" not in arguments:
            r = client.get(url)
        else:
            body = json.loads(arguments[arguments.index("-d") + 1])
            if "export_context" in body:
                path = body["export_context"]["path"]
                body["export_context"]["path"] = path.replace("/1/", f"/{project.id}/")
            if "insight" in body:
                body |= {"insight": insight, "subscribed_users": [user.id]}
            r = client.post(url, body)
        assert r.status_code in (200, 201), f"{command}\n{r.content}"
        if "/insights/" in url:
            insight = r.json()["id"]
    assert insight


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_files_hold_what_the_project_asks_for(lock):
    pins = {}
    for line in (ROOT / lock).read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([^ ;]+)", line):
            pins[normal(match[1])] = match[2]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"]
    if "dev" in lock:
        wanted = wanted + project["dependency-groups"]["dev"]
    for requirement in map(Requirement, wanted):
        pin = pins.get(normal(requirement.name))
        assert pin, f"{requirement.name} is not in {lock}: run scripts/lock"
        assert requirement.specifier.contains(pin), f"{requirement} is {pin}: run scripts/lock"


RUN_ELSEWHERE = {"tests/clients/dlt_program.py"}
"""Programs that tests run in an environment of its own, with what they import."""


def test_every_imported_package_is_asked_for():
    """A package that is only there because another wants it may go away with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = {normal(Requirement(text).name) for text in project["project"]["dependencies"]}
    dev = {normal(Requirement(text).name) for text in project["dependency-groups"]["dev"]}
    distributions = packages_distributions()
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in set(listed.stdout.split()) - RUN_ELSEWHERE:
        may_use = runtime | dev if path.startswith(("tests/", "scripts/", "bench/")) else runtime
        for module in imported_modules(ast.parse((ROOT / path).read_text())):
            if module in sys.stdlib_module_names or (ROOT / module).is_dir():
                continue
            offered_by = {normal(name) for name in distributions[module]}
            assert offered_by & may_use, f"{path} imports {module}: add it to pyproject.toml"


def imported_modules(tree: ast.Module) -> set[str]:
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.split(".")[0])
    return modules


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_lock_file_names_a_registry():
    for path in ["requirements.lock", "requirements-dev.lock", "tests/node/package-lock.json"]:
        text = (ROOT / path).read_text()
        assert "resolved" not in text
        assert "index-url" not in text
