"""Everything that has to pass: the checks, then the suite on SQLite and on PostgreSQL.

On PostgreSQL run the tests that a database can make a difference to: not those of pure functions,
nor those of browsers, connectors and JavaScript clients, which ask it nothing that the Python SDK
and the tests of the API don't.

Run by `make test`, with the environment of `.venv`. What the tests need from the system (Node.js,
Chromium, a PostgreSQL server) is installed when root runs this on Debian; otherwise the tests that
need it are left out, and the command that would bring them in is printed. With CI=true nothing
may be left out.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.clients import programs  # noqa: E402

BIN = ROOT / ".venv" / "bin"
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
NODE_MAJOR = 20


class Failed(Exception):
    """A step did not pass; its own output has said why."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only-checks", action="store_true", help="leave out the tests")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        run_checks()
        if not arguments.only_checks:
            run_suites(started)
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def run(name: str, *command: str | Path, **environment: str) -> None:
    say(name)
    if subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode:
        raise Failed(name)


# The checks


def run_checks() -> None:
    with tempfile.TemporaryDirectory(prefix="posthog-clone-checks-") as scratch:
        django = {"DATA_DIR": scratch, "DATABASE_URL": "", "CLICKHOUSE_URL": ""}
        manage = (BIN / "python", "manage.py")
        run("Formatting", BIN / "ruff", "format", "--check", "--quiet", ".")
        run("Lint", BIN / "ruff", "check", "--quiet", ".")
        run("Imports go down only", BIN / "lint-imports")
        run("Django's own checks", *manage, "check", "--fail-level", "WARNING", **django)
        run("Migrations are complete", *manage, "makemigrations", "--check", "--dry-run", **django)
        run(
            "The OpenAPI document is valid",
            *(*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull),
            **django,
        )


# The tests


def run_suites(started: float) -> None:
    left_out = []
    if not node_is_ready():
        left_out += ["node", "browser"]
    elif not chromium_is_ready():
        left_out.append("browser")
    if not programs_are_ready():
        left_out.append("pypi")
    pytest = (BIN / "python", "-m", "pytest", "-n", "auto", "--dist", "worksteal")

    say(f"Checks done after {time.monotonic() - started:.0f} s")
    run("The suite on SQLite", *pytest, *without(*left_out), DATABASE_URL="")
    say(f"SQLite done after {time.monotonic() - started:.0f} s")
    with postgresql() as url:
        if url:
            of_database = (*pytest, "--of-database", *without("node", "browser", "pypi"))
            run("The suite on PostgreSQL", *of_database, DATABASE_URL=url)
            say(f"PostgreSQL done after {time.monotonic() - started:.0f} s")


def without(*markers: str) -> list[str]:
    return ["-m", " and ".join(f"not {marker}" for marker in markers)] if markers else []


def leave_out(tests: str, reason: str, command: str) -> None:
    message = f"{reason}: {command}"
    if CI:
        raise Failed(f"{tests} can't run. {message}")
    say(f"LEFT OUT: {tests}. {message}")


def node_is_ready() -> bool:
    """Node.js and the npm packages of tests/node are there, or could be installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        apt_install("nodejs", "npm")
    command = f"install Node.js {NODE_MAJOR} or newer with npm (apt-get install nodejs npm)"
    if not (shutil.which("node") and shutil.which("npm")):
        leave_out("tests of JavaScript clients", "Node.js or npm is missing", command)
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_MAJOR:
        leave_out("tests of JavaScript clients", f"Node.js {version} is too old", command)
        return False
    folder = ROOT / "tests" / "node"
    if (folder / "node_modules").is_symlink():
        return True  # somebody else's, which `npm ci` would empty
    lock, installed = folder / "package-lock.json", folder / "node_modules" / "installed-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        run("The npm packages of tests/node", "npm", "ci", "--prefix", folder, "--silent")
        shutil.copyfile(lock, installed)
    return True


def chromium_is_ready() -> bool:
    if not shutil.which("chromium"):
        apt_install("chromium")
    if not shutil.which("chromium"):
        leave_out("tests in a browser", "Chromium is missing", "apt-get install chromium")
        return False
    return True


def programs_are_ready() -> bool:
    """The programs of tests/clients/programs.py are there, or uv could fetch them."""
    for package in (programs.AIRBYTE, programs.DLT, programs.MCPARMORY):
        done = programs.run(package, "python", "--version")
        if done.returncode:
            say(done.stderr[-1000:])
            leave_out("tests of connectors", f"{package} can't be fetched", "uv needs PyPI")
            return False
    return True


_updated = False


def apt_install(*packages: str) -> None:
    """Install Debian packages when this is Debian and we are root; the caller looks again."""
    global _updated
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = [] if _updated else [["apt-get", "update", "-q"]]
    commands.append(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages])
    say(f"Installing {' '.join(packages)} with apt-get")
    for command in commands:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            say(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
            return
    _updated = True


# PostgreSQL


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The URL of a server that we may make databases on: one given, one that answers, or ours.

    The database it names does not exist; each test process makes one named after it.
    """
    name = f"posthog_clone_{os.getpid()}"
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        yield given
    elif may_create_databases("127.0.0.1", user := os.environ.get("PGUSER") or os_user()):
        yield f"postgres://{user}@127.0.0.1:5432/{name}"
    elif server := server_folder():
        with private_cluster(server) as socket_folder:
            yield f"postgres://postgres@{str(socket_folder).replace('/', '%2F')}/{name}"
    else:
        command = "apt-get install postgresql, or set DATABASE_URL to a server of yours"
        leave_out("the suite on PostgreSQL", "there is no PostgreSQL server", command)
        yield None


def os_user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()


def may_create_databases(host: str, user: str) -> bool:
    try:
        with psycopg.connect(host=host, user=user, dbname="postgres", connect_timeout=3) as server:
            query = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            row = server.execute(query).fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError:
        return False


def server_folder() -> Path | None:
    """Where PostgreSQL's server programs are, the newest ones; installed if they can be."""
    if not (found := find_server()):
        apt_install("postgresql")
        found = find_server()
    return found


def find_server() -> Path | None:
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(folders, key=lambda path: float(path.parts[4]), default=None)
    return newest.parent if newest else None


@contextmanager
def private_cluster(server: Path) -> Iterator[Path]:
    """A throw-away cluster that only listens on a socket in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="posthog-clone-pg-"))
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    data, log = folder / "data", folder / "log"

    def postgres(program: str, *options: str | Path) -> None:
        command = [server / program, "-D", data, *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **as_user)
        if done.returncode:
            tail = log.read_text()[-2000:] if log.exists() else ""
            raise Failed(f"{program}: {done.stdout}{done.stderr}{tail}")

    settings = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
    say("Starting a PostgreSQL server of our own")
    try:
        postgres("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        postgres("pg_ctl", "-l", log, "-w", "-o", settings, "start")
        try:
            yield folder
        finally:
            postgres("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
