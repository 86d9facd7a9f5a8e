from django.conf import settings
from django.http import HttpRequest, JsonResponse

import clickhouse
from projects.models import User


def preflight(request: HttpRequest) -> JsonResponse:
    """What is up and what there is, for those who set up a client."""
    return JsonResponse(
        {
            "django": True,
            "db": True,
            "initiated": User.objects.exists(),
            "clickhouse": clickhouse_is_up(),
            "cloud": False,
            "demo": False,
            "realm": "hosted-clickhouse",
            "region": None,
            "is_debug": False,
            "can_create_org": False,
            "email_service_available": settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"),
            "object_storage": bool(settings.SYMBOL_SETS_S3_BUCKET),
        }
    )


def clickhouse_is_up() -> bool:
    try:
        clickhouse.rows("SELECT 1")
    except clickhouse.Unavailable:
        return False
    return True
