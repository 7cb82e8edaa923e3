"""An object that is there completely or not at all."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dump import store
from dump.errors import NotStored
from dump.store import Upload
from tests.unit.dump.conftest import BUCKET, KEY

MIB = 1024 * 1024
LABELS = {"service": "platform"}
PARTS = (b"a" * 5 * MIB, b"b" * 5 * MIB, b"rest")  # S3 takes no smaller part but the last


class Between:
    """S3's client with one of its operations changed."""

    def __init__(self, s3: Any, operation: str, instead: Callable[..., Any]) -> None:
        self._s3, self._operation, self._instead = s3, operation, instead

    def __getattr__(self, name: str) -> Any:
        return self._instead if name == self._operation else getattr(self._s3, name)


def refuses(**_: Any) -> Any:
    raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce\nyour request rate"}}, "UploadPart")


def keys(s3: Any) -> list[str]:
    return [row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def unfinished(s3: Any) -> list[str]:
    return [row["Key"] for row in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


def test_the_parts_become_one_object_under_the_key_and_with_its_labels(s3: Any) -> None:
    upload = Upload(s3, BUCKET, "daily/x.dump", KEY, LABELS)
    for part in PARTS:
        upload.send(part)
    assert keys(s3) == [], "until it is completed there is no object"
    upload.complete()
    assert upload.close() is None

    answer = s3.get_object(Bucket=BUCKET, Key="daily/x.dump", ChecksumMode="ENABLED")
    assert answer["Body"].read() == b"".join(PARTS)
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", KEY)
    assert answer["Metadata"] == LABELS
    assert unfinished(s3) == []


def test_what_was_not_completed_is_taken_back(s3: Any) -> None:
    upload = Upload(s3, BUCKET, "daily/x.dump", KEY, LABELS)
    upload.send(PARTS[0])
    assert upload.close() is None
    assert keys(s3) == unfinished(s3) == []


def test_a_part_that_arrives_changed_is_refused_by_s3(s3: Any) -> None:
    def changed(**request: Any) -> Any:
        return s3.upload_part(**{**request, "Body": b"c" * 5 * MIB})

    upload = Upload(Between(s3, "upload_part", changed), BUCKET, "daily/x.dump", KEY, LABELS)
    upload.send(PARTS[0])
    with pytest.raises(NotStored, match=r"cannot send part 1 of daily/x\.dump.*SHA256"):
        upload.send(PARTS[1])
    upload.close()
    assert keys(s3) == unfinished(s3) == []


def test_an_object_of_another_size_than_was_sent_is_not_made(s3: Any) -> None:
    def shorter(**request: Any) -> Any:
        parts = request["MultipartUpload"]["Parts"][:1]
        return s3.complete_multipart_upload(**{**request, "MultipartUpload": {"Parts": parts}})

    upload = Upload(Between(s3, "complete_multipart_upload", shorter), BUCKET, "daily/x.dump", KEY, LABELS)
    for part in PARTS:
        upload.send(part)
    with pytest.raises(NotStored, match=r"cannot complete daily/x\.dump.*x-amz-mp-object-size"):
        upload.complete()
    assert upload.close() is None
    assert keys(s3) == unfinished(s3) == []


def test_another_checksum_than_was_sent_is_an_error(s3: Any) -> None:
    def other(**request: Any) -> Any:
        return {**s3.complete_multipart_upload(**request), "ChecksumSHA256": "somethingElse=-1"}

    upload = Upload(Between(s3, "complete_multipart_upload", other), BUCKET, "daily/x.dump", KEY, LABELS)
    upload.send(b"all")
    digest = hashlib.sha256(hashlib.sha256(b"all").digest()).digest()
    with pytest.raises(NotStored, match=re.escape(f"sent was {base64.b64encode(digest).decode()}-1")):
        upload.complete()
    upload.close()


def test_an_upload_that_cannot_be_taken_back_says_who_will(s3: Any) -> None:
    upload = Upload(Between(s3, "abort_multipart_upload", refuses), BUCKET, "daily/x.dump", KEY, LABELS)
    complaint = upload.close()
    assert complaint is not None
    assert "daily/x.dump stay until the bucket's lifecycle removes them" in complaint
    [row] = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    s3.abort_multipart_upload(Bucket=BUCKET, Key=row["Key"], UploadId=row["UploadId"])


def test_more_parts_than_s3_takes_are_refused_here(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_PARTS", 1)
    upload = Upload(s3, BUCKET, "daily/x.dump", KEY, LABELS)
    upload.send(PARTS[0])
    with pytest.raises(NotStored, match="more than 1 parts"):
        upload.send(PARTS[1])
    upload.close()


def test_what_s3_says_is_told_in_one_line() -> None:
    with pytest.raises(NotStored) as told:
        store.told("send part 1 of x", refuses)
    assert str(told.value) == (
        "cannot send part 1 of x: An error occurred (SlowDown) when calling the UploadPart operation:"
        " Please reduce your request rate"
    )


def test_a_small_object_is_written_under_the_same_key(s3: Any) -> None:
    store.put(s3, BUCKET, "daily/x.dump.json", KEY, "{}")
    answer = s3.get_object(Bucket=BUCKET, Key="daily/x.dump.json")
    assert (answer["Body"].read(), answer["SSEKMSKeyId"]) == (b"{}", KEY)
