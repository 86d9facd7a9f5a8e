"""The files of symbol sets in a bucket: any store that speaks S3. Loaded only when one is set up,
since boto3 takes its time and memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage

from error_tracking.symbol_files import MAX_BYTES, Unavailable

FAILURES = (BotoCoreError, Boto3Error, ClientError, RetriesExceededError)
KEPT_IN_MEMORY = 1024 * 1024
"""Of a file that is read; a larger one waits on the disk."""
CLIENT = Config(
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Stores other than Amazon's often don't know the newer checksums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# In one piece, which is sent as it is read: parts are held in memory, several at once.
TRANSFER = TransferConfig(
    multipart_threshold=2 * MAX_BYTES, multipart_chunksize=2 * MAX_BYTES, use_threads=False
)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raises FileNotFoundError, or Unavailable with the reason, for whatever boto3 raises."""
    try:
        yield
    except FAILURES as error:
        answer = getattr(error, "response", {}).get("ResponseMetadata", {})
        if answer.get("HTTPStatusCode") == 404 and not is_about_bucket(error):
            raise FileNotFoundError(str(error)) from error
        raise Unavailable(f"The store of symbol sets can't be used: {error}") from error


def is_about_bucket(error: Exception) -> bool:
    return getattr(error, "response", {}).get("Error", {}).get("Code") == "NoSuchBucket"


class S3Files(S3Storage):
    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "client_config": CLIENT,
            "transfer_config": TRANSFER,
            "max_memory_size": KEPT_IN_MEMORY,
            "object_parameters": {"ContentType": "application/octet-stream"},
        }

    def _open(self, name: str, mode: str = "rb") -> File:
        with told_plainly():
            return super()._open(name, mode).open()  # reading it can't fail half-way then

    def _save(self, name: str, content: File) -> str:
        with told_plainly():
            return super()._save(name, content)

    def delete(self, name: str) -> None:
        with told_plainly():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with told_plainly():
            return super().exists(name)

    def size(self, name: str) -> int:
        with told_plainly():
            return super().size(name)
