"""The project's settings, with a data directory of its own for every test process."""

import atexit
import os
import shutil
import sys
import tempfile

if "pytest" in sys.modules:  # commands that tests run bring a DATA_DIR
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="posthog-clone-test-")
    os.environ.pop("CLICKHOUSE_URL", None)  # the suite runs on embedded ClickHouse
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from posthog_clone.settings import *  # noqa: E402, F403

if "pytest" in sys.modules:
    # Tests see one database, whose transaction they roll back. Those of real servers have two.
    DATABASES = {"default": DATABASES["default"]}  # noqa: F405
    DATABASE_ROUTERS = []
    QUEUE_DATABASE = "default"
    # Each test client has middleware of its own, which would look at all static files beforehand.
    WHITENOISE_AUTOREFRESH = True
    # What tests write need not survive the machine.
    options = DATABASES["default"].setdefault("OPTIONS", {})
    if EMBEDDED_DATABASE:  # noqa: F405
        options["init_command"] += ";PRAGMA synchronous=OFF"
    else:
        options["options"] = "-c synchronous_commit=off"
