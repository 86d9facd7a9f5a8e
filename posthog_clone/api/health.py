"""Whether the process is alive; whether it is of use is `/_readyz`'s to say."""

from django.http import HttpRequest, HttpResponse


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")
