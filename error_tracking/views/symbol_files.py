"""Answers to signed links. No credentials here: the link is what gives access."""

import logging

from django.core.files.uploadhandler import (
    FileUploadHandler,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from error_tracking import symbol_files

logger = logging.getLogger(__name__)

FORM_BYTES = 64 * 1024
"""What a form has besides its file."""


class LimitedSize(FileUploadHandler):
    """Stops an upload as soon as its file turns out too large."""

    def __init__(self, request: HttpRequest):
        super().__init__(request)
        self.size = 0

    def receive_data_chunk(self, raw_data, start):
        self.size += len(raw_data)
        if self.size > symbol_files.MAX_BYTES:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size):
        return None


@csrf_exempt
@require_POST
def upload(request: HttpRequest, token: str) -> HttpResponse:
    """Take a form with the fields that `upload_form` gave, and the file.

    The signature is in the address, so that nothing is read for who has none, and in the fields.
    """
    claim = symbol_files.read_signed(token, symbol_files.UPLOAD_SALT)
    if claim is None:
        return refused(403, "The link is not valid, or no longer.")
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > symbol_files.MAX_BYTES + FORM_BYTES:
        return refused(413, "The file is larger than 100 MiB.")
    request.upload_handlers = [LimitedSize(request), TemporaryFileUploadHandler(request)]
    file = request.FILES.get("file")
    if not constant_time_compare(request.POST.get("signature", ""), token):
        return refused(403, "The signature is missing or wrong.")
    if request.POST.get("key") != claim["key"]:
        return refused(403, "The key is not the one that was signed.")
    if file is None:
        return refused(400, "The part `file` is missing, or larger than 100 MiB.")
    try:
        if not symbol_files.keep_file(claim["id"], claim["key"], file):
            return refused(403, "Nobody waits for this file any more.")
    except symbol_files.Unavailable as error:
        return unavailable(error)
    return HttpResponse(status=204)


@require_GET
def download(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    claim = symbol_files.read_signed(token, symbol_files.DOWNLOAD_SALT)
    if claim is None:
        return refused(403, "The link is not valid, or no longer.")
    try:
        file = symbol_files.storage().open(claim["key"])
    except FileNotFoundError:
        return refused(404, "The file is gone.")
    except symbol_files.Unavailable as error:
        return unavailable(error)
    return FileResponse(file, as_attachment=True, content_type="application/octet-stream")


def unavailable(error: symbol_files.Unavailable) -> HttpResponse:
    logger.warning("%s", error)
    return refused(503, error.default_detail)


def refused(status: int, reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=status, content_type="text/plain")
