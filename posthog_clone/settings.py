"""Every setting, and the only place that reads environment variables.

Embedded by default: SQLite and chDB (ClickHouse in the process) under DATA_DIR.
Production: DATABASE_URL=postgres://… and CLICKHOUSE_URL=http(s)://….
"""

import os
import secrets
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from posthog_clone.environment import (
    env_choice,
    env_database,
    env_flag,
    env_int,
    env_list,
    env_url,
    stop,
)

BASE_DIR = Path(__file__).resolve().parent.parent

DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "data").resolve()
DEBUG = env_flag("DEBUG")
SITE_URL = os.environ.get("SITE_URL", "http://localhost:8000").rstrip("/")


def load_secret_key() -> str:
    """The key of the environment, else one generated once and kept under DATA_DIR."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    try:
        return kept_secret_key(path)
    except OSError as error:
        stop(f"The data directory can't be used: {error}. Check DATA_DIR.")


def kept_secret_key(path: Path) -> str:
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret_key.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        try:
            os.link(draft, path)  # whoever is first wins; two processes may start at once
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


SECRET_KEY = load_secret_key()
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")  # former ones: what they signed still reads
ALLOWED_HOSTS = ["*"]  # SDKs reach us under any name; links follow the request's own host
TRUST_PROXY = env_flag("TRUST_PROXY")
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

# Stores

DATABASES = {
    "default": env_database(
        "DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}", conn_max_age=600
    )
}
EMBEDDED_DATABASE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if EMBEDDED_DATABASE:
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a commit is on disk before capture answers 200.
        "init_command": (
            "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;"
            "PRAGMA wal_autocheckpoint=4000"
        ),
    }
    # A file of its own, so that capture commits while a batch is digested: ingestion/queue.py.
    QUEUE_DATABASE = "queue"
    main_file = Path(DATABASES["default"]["NAME"])
    DATABASES[QUEUE_DATABASE] = {
        **DATABASES["default"],
        "NAME": main_file.with_name(f"{main_file.stem}-queue{main_file.suffix}"),
    }
    DATABASE_ROUTERS = ["ingestion.routing.QueueRouter"]
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    QUEUE_DATABASE = "default"
CLICKHOUSE_URL = env_url(
    "CLICKHOUSE_URL", f"chdb://{DATA_DIR / 'clickhouse'}", ("http", "https", "chdb")
)
EMBEDDED_CLICKHOUSE = CLICKHOUSE_URL.startswith("chdb:")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Uploaded source maps. Several servers need a directory that all of them see.
SYMBOL_SETS_DIR = Path(os.environ.get("SYMBOL_SETS_DIR") or DATA_DIR / "symbol-sets")
# Finished exports; likewise.
EXPORTS_DIR = Path(os.environ.get("EXPORTS_DIR") or DATA_DIR / "exports")
# Or a bucket of any store that speaks S3; boto3 reads the AWS_… variables itself.
SYMBOL_SETS_S3_BUCKET = os.environ.get("SYMBOL_SETS_S3_BUCKET", "")
SYMBOL_SETS_S3_PREFIX = os.environ.get("SYMBOL_SETS_S3_PREFIX", "").strip("/")
SYMBOL_SETS_S3_ENDPOINT_URL = os.environ.get("SYMBOL_SETS_S3_ENDPOINT_URL", "")
if SYMBOL_SETS_S3_ENDPOINT_URL and not SYMBOL_SETS_S3_ENDPOINT_URL.startswith(
    ("http://", "https://")
):
    stop("SYMBOL_SETS_S3_ENDPOINT_URL must start with http:// or https://.")
if (SYMBOL_SETS_S3_ENDPOINT_URL or SYMBOL_SETS_S3_PREFIX) and not SYMBOL_SETS_S3_BUCKET:
    stop("SYMBOL_SETS_S3_BUCKET is missing, which other SYMBOL_SETS_S3_… variables need.")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "symbol_sets": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": SYMBOL_SETS_DIR,
            "allow_overwrite": True,  # an upload that is sent again
            "file_permissions_mode": 0o600,
        },
    },
    "exports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": EXPORTS_DIR,
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
        },
    },
}
if SYMBOL_SETS_S3_BUCKET:
    STORAGES["symbol_sets"] = {
        "BACKEND": "error_tracking.s3.S3Files",
        "OPTIONS": {
            "bucket_name": SYMBOL_SETS_S3_BUCKET,
            "location": SYMBOL_SETS_S3_PREFIX,
            "endpoint_url": SYMBOL_SETS_S3_ENDPOINT_URL or None,
        },
    }

# Ingestion: limits, guards and batches

CAPTURE_MAX_BYTES = 20 * 1024 * 1024
REPLAY_MAX_BYTES = 25 * 1024 * 1024
LOGS_MAX_BYTES = 10 * 1024 * 1024
LOGS_RETENTION_DAYS = env_int("LOGS_RETENTION_DAYS", 30)
INGESTION_BATCH_EVENTS = env_int("INGESTION_BATCH_EVENTS", 600)
INGESTION_BATCH_BYTES = env_int("INGESTION_BATCH_BYTES", 6 * 1024 * 1024)
# On PostgreSQL several workers share the queue by lanes; a person's events stay in one lane.
INGESTION_LANES = 1 if EMBEDDED_DATABASE else env_int("INGESTION_LANES", 8)
MAX_EVENTS_PER_MINUTE = env_int("MAX_EVENTS_PER_MINUTE", 0, least=0)  # per project; 0 = unlimited
MAX_QUEUED_EVENTS = env_int("MAX_QUEUED_EVENTS", 2_000_000)
MIN_FREE_DISK_BYTES = env_int("MIN_FREE_DISK_MB", 512, least=0) * 1024 * 1024
READY_MAX_LAG_SECONDS = env_int("READY_MAX_LAG_SECONDS", 60)
BROWSER_SDK_DIR = Path(os.environ.get("BROWSER_SDK_DIR") or DATA_DIR / "browser-sdk")
FETCH_SOURCE_MAPS = env_flag("FETCH_SOURCE_MAPS")
AUTOCAPTURE_EXCEPTIONS = env_flag("AUTOCAPTURE_EXCEPTIONS", default=True)
OUTBOUND_ALLOW = env_list("OUTBOUND_ALLOW")
RATE_LIMIT_ENABLED = env_flag("RATE_LIMIT_ENABLED")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Queries: what each may use. The embedded engine shares the process's memory.

QUERY_MAX_SECONDS = env_int("QUERY_MAX_SECONDS", 60)
QUERY_MAX_MEMORY_BYTES = (
    env_int("QUERY_MAX_MEMORY_MB", 1024 if EMBEDDED_CLICKHOUSE else 8192) * 1024 * 1024
)
# Of one project at once, in one process; more wait, and still more are told to come back.
QUERY_MAX_CONCURRENT = env_int("QUERY_MAX_CONCURRENT", 10)
# Who answers a kind of query: hogql.kinds.Answer.
QUERY_KINDS = {
    "ActorsQuery": "insights.actors_query.answer",
    "DatabaseSchemaQuery": "insights.database_schema.answer",
    "EventTaxonomyQuery": "insights.taxonomy_queries.answer_event",
    "EventsQuery": "insights.events_query.answer",
    "HogQLMetadata": "insights.hogql_metadata.answer",
    "HogQLQuery": "insights.hogql_query.answer",
    "TeamTaxonomyQuery": "insights.taxonomy_queries.answer_team",
    "ErrorTrackingQuery": "error_tracking.query_kind.answer",
    "FunnelsQuery": "insights.funnels.answer",
    "LogsQuery": "logs.query_kind.answer",
    "RetentionQuery": "insights.retention.answer",
    "TrendsQuery": "insights.trends.answer",
}
# What apps above the insights do when one is deleted, restored or asks something else: each is
# called as `function(insight, user)`, in the transaction of the change.
# What queries know of the project, from apps above the query language: hogql/knowledge.py.
HOGQL_PROPERTY_TYPES = "events.definitions.property_types"
HOGQL_COHORTS = "persons.cohorts.querying.members"
HOGQL_ACTIONS = "events.actions.condition"
HOGQL_MATCHED_ACTIONS = "insights.knowledge.matched_action"
HOGQL_COHORT_IDS = "insights.knowledge.cohort_ids"
HOGQL_GROUP_TYPES = "insights.knowledge.group_types"
# Who says where a cohort is used, besides in others and in test account filters: such stay.
COHORT_USES = ["insights.cohort_uses.use_of_cohort"]
INSIGHT_CHANGED = ["alerts.editing.follow_insight"]
INSIGHT_ALERTS = "alerts.of_insights.alerts_of"

# Questions in plain English that rules don't understand go to a language model only when one is
# named here: the address of an API like OpenAI's, up to and with its version.
MAX_MODEL_URL = os.environ.get("MAX_MODEL_URL", "").rstrip("/")
MAX_MODEL = os.environ.get("MAX_MODEL", "")
MAX_MODEL_KEY = os.environ.get("MAX_MODEL_KEY", "")

# Django

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "posthog_clone",
    "clickhouse",
    "projects",
    "hogql",
    "app_metrics",
    "persons",
    "events",
    "notifications",
    "insights",
    "alerts",
    "error_tracking",
    "logs",
    "folders",
    "ingestion",
]
MIDDLEWARE = [
    "ingestion.middleware.CaptureMiddleware",
    "posthog_clone.api.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "posthog_clone.urls"
WSGI_APPLICATION = "posthog_clone.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "projects.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/assets/"  # /static/ belongs to posthog-js
WHITENOISE_USE_FINDERS = True  # straight from the packages: no collectstatic to forget
DATA_UPLOAD_MAX_MEMORY_SIZE = CAPTURE_MAX_BYTES
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
CSRF_COOKIE_NAME = "posthog_csrftoken"
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env_flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "posthog-clone@localhost")

UNFOLD = {
    "SITE_TITLE": "PostHog clone",
    "SITE_HEADER": "PostHog clone",
    "SITE_SYMBOL": "bug_report",
    "SITE_URL": "/api/schema/swagger-ui/",
    "DASHBOARD_CALLBACK": "ingestion.dashboard.add_status",
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.authentication.PersonalAPIKeyAuthentication",
        "projects.authentication.SessionAuthentication",
    ],
    # Closed unless a base viewset of projects.viewsets opens it.
    "DEFAULT_PERMISSION_CLASSES": ["projects.access.Closed"],
    "DEFAULT_PARSER_CLASSES": [
        "posthog_clone.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["posthog_clone.api.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "posthog_clone.api.pagination.Pagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "posthog_clone.api.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "posthog_clone.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PostHog API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Error tracking, events, persons and logs by PostHog's HTTP API.\n\n"
        "Every call takes a personal API key: `Authorization: Bearer phx_…`. It needs the scopes "
        "that the operation lists. Everything below `/api/environments/{project_id}/` answers the "
        "same below `/api/projects/{project_id}/`; `@current` is the key's user's current project."
    ),
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "posthog_clone.api.openapi.add_components",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlertStateEnum": "alerts.models.alerts.State",
        "LogsAlertStateEnum": "alerts.models.logs.LogsState",
        "ActionStepMatchingEnum": "events.models.Action.Matching",
        "ExportFormatEnum": "insights.models.Export.Format",
        "ExportStatusEnum": "insights.models.Export.Status",
        "HogFunctionTypeEnum": "notifications.models.HogFunction.Type",
        "LogsExportFormatEnum": "logs.models.LogsExport.Format",
        "IntegrationKindEnum": "notifications.models.Integration.Kind",
        "PersistedFolderTypeEnum": "folders.models.PersistedFolder.Type",
    },
}
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # What fails is raised, and said once by whoever catches it.
        "clickhouse_connect": {"level": "CRITICAL"},
        "urllib3": {"level": "ERROR"},
    },
}
