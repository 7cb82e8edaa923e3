"""An object in S3 that is there completely or not at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dump.errors import NotStored

# S3 takes 10,000 parts: of this size 1,250 GiB, for volumes of at most 2,000 whose archive is compressed.
PART_BYTES = 128 * 1024 * 1024
MOST_PARTS = 10_000
# A part is sent again when the way to S3 stumbles; after five times the day's dump is lost and the next one comes.
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})


def client(environment: Mapping[str, str]) -> Any:
    """S3's client in the task's region, with the task role's credentials."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    make: Callable[..., Any] = boto3.client
    return make("s3", region_name=region, config=_CONFIG)


class Upload:
    """One object on its way, part by part; one part travels while the next is filled.

    Each part carries its SHA-256, which S3 holds against what arrived, and completing carries the size of the whole.
    What S3 then answers is the SHA-256 over all of the parts' sums, compared here ("Checking object integrity"). This
    takes no right to read the object.
    """

    def __init__(self, s3: Any, bucket: str, key: str, key_arn: str, metadata: Mapping[str, str]) -> None:
        self.key = key
        self._s3, self._bucket = s3, bucket
        self._parts: list[dict[str, Any]] = []
        self._digests = hashlib.sha256()
        self._size = 0
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="part")
        self._travelling: Future[str] | None = None
        self._id: str | None = told(
            f"begin {key}",
            lambda: s3.create_multipart_upload(
                Bucket=bucket,
                Key=key,
                ChecksumAlgorithm="SHA256",
                ContentType="application/octet-stream",
                Metadata=dict(metadata),
                **_encryption(key_arn),
            )["UploadId"],
        )

    def send(self, part: bytes) -> None:
        """Sends a part; waits for the one before. All but the last must have 5 MiB at least."""
        number = len(self._parts) + 1
        if number > MOST_PARTS:
            raise NotStored(f"{self.key} has more than {MOST_PARTS} parts: raise PART_BYTES in dump/store.py")
        self._wait()
        digest = hashlib.sha256(part).digest()
        self._digests.update(digest)
        self._size += len(part)
        checksum = base64.b64encode(digest).decode()
        self._parts.append({"PartNumber": number, "ChecksumSHA256": checksum})
        self._travelling = self._sender.submit(
            lambda: told(
                f"send part {number} of {self.key}",
                lambda: str(
                    self._s3.upload_part(
                        Bucket=self._bucket,
                        Key=self.key,
                        UploadId=self._id,
                        PartNumber=number,
                        Body=part,
                        ChecksumSHA256=checksum,
                    )["ETag"]
                ),
            )
        )

    def complete(self) -> None:
        """Makes the object of its parts; NotStored when S3 has something else than was sent."""
        self._wait()
        answer = told(
            f"complete {self.key}",
            lambda: self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self.key,
                UploadId=self._id,
                MultipartUpload={"Parts": self._parts},
                MpuObjectSize=self._size,
            ),
        )
        self._id = None
        expected = f"{base64.b64encode(self._digests.digest()).decode()}-{len(self._parts)}"
        if answer.get("ChecksumSHA256") != expected:
            raise NotStored(f"{self.key}: S3 has the checksum {answer.get('ChecksumSHA256')}, sent was {expected}")

    def close(self) -> str | None:
        """Takes back what was not completed; returns why that failed, if it did."""
        self._sender.shutdown(wait=True, cancel_futures=True)
        if self._id is None:
            return None
        try:
            self._s3.abort_multipart_upload(Bucket=self._bucket, Key=self.key, UploadId=self._id)
        except (BotoCoreError, ClientError) as error:
            return f"the parts of {self.key} stay until the bucket's lifecycle removes them: {error}"
        self._id = None
        return None

    def _wait(self) -> None:
        if self._travelling is not None:
            self._parts[-1]["ETag"] = self._travelling.result()
            self._travelling = None


def put(s3: Any, bucket: str, key: str, key_arn: str, text: str) -> None:
    """Writes a small object."""
    told(
        f"write {key}",
        lambda: s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=text.encode(),
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",
            **_encryption(key_arn),
        ),
    )


def _encryption(key_arn: str) -> dict[str, Any]:
    """Named although it is the bucket's default: a bucket that lost its default would take plain objects."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn, "BucketKeyEnabled": True}


def told(doing: str, call: Callable[[], Any]) -> Any:
    """The answer of a call, or NotStored in one line."""
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise NotStored(f"cannot {doing}: {' '.join(str(error).split())}") from error
