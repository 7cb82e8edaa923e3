"""S3: bucket policies with conditions, checksums of uploads, all of a replication's rule."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.dom import minidom

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3 import models as moto_models
from moto.s3 import responses as moto_responses
from moto.s3.exceptions import BadRequest, InvalidRequest

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

# What a client of the local cloud would send to AWS: the loopback address has no TLS, and nobody between.
_CONTEXT = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
_HEADERS = {
    "s3:x-amz-server-side-encryption": "x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "x-amz-server-side-encryption-aws-kms-key-id",
}


def _like(pattern: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


# Operator -> whether one expected value matches what the request says; `Not...` ones turn the whole around.
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "Bool": lambda expected, said: expected.lower() == said.lower(),
    "StringEquals": lambda expected, said: expected == said,
    "StringNotEquals": lambda expected, said: expected == said,
    "StringLike": _like,
    "StringNotLike": _like,
    "NumericLessThan": lambda expected, said: float(said) < float(expected),
}


def holds(conditions: Mapping[str, Mapping[str, Any]], said: Mapping[str, str]) -> bool:
    """Whether every condition of a statement holds for what a request says.

    A key that is not there fails a comparison, unless `Not` is in the operator's name or IfExists ends it ("IAM JSON
    policy elements: Condition operators").
    """
    return all(
        _holds(operator, key, expected, said) for operator, keys in conditions.items() for key, expected in keys.items()
    )


def _holds(operator: str, key: str, expected: Any, said: Mapping[str, str]) -> bool:
    if operator == "Null":
        return (key not in said) == (str(expected).lower() == "true")
    name = operator.removesuffix("IfExists")
    negated = "Not" in name
    value = said.get(key)
    if value is None:
        return negated or name != operator
    allowed = expected if isinstance(expected, list) else [expected]
    return any(_OPERATORS[name](str(each), value) for each in allowed) != negated


def permission(policy: Mapping[str, Any], action: str, resource: str, said: Mapping[str, str]) -> PermissionResult:
    """What a bucket's policy says to a request of this account."""
    result = PermissionResult.NEUTRAL
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    for statement in statements:
        actions, resources = (
            [value] if isinstance(value, str) else value for value in (statement["Action"], statement["Resource"])
        )
        if not any(_like(each, action) for each in actions) or not any(_like(each, resource) for each in resources):
            continue
        if not holds(statement.get("Condition", {}), said):
            continue
        if statement["Effect"] == "Deny":
            return PermissionResult.DENIED
        result = PermissionResult.PERMITTED
    return result


def restore_conditions(reality: Reality | None) -> None:
    """A statement whose conditions do not hold says nothing; moto takes it for said."""

    def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        said = dict(_CONTEXT)
        if has_request_context():  # only the server has one
            action = _action(action, request.args)
            said |= {key: request.headers[header] for key, header in _HEADERS.items() if header in request.headers}
        return permission(json.loads(self.policy), action, resource, said)

    models.FakeBucket.get_permission = get_permission


def _action(action: str, query: Mapping[str, Any]) -> str:
    """The action that S3 asks a policy for, where moto goes by the HTTP method alone."""
    if action == "s3:PostObject":
        return "s3:PutObject"  # beginning and completing an upload
    if action == "s3:DeleteObject" and "uploadId" in query:
        return "s3:AbortMultipartUpload"
    if action == "s3:DeleteObject" and "versionId" in query:
        return "s3:DeleteObjectVersion"
    return action


def restore_delete_markers(reality: Reality | None) -> None:
    """The last version of an object may be a delete marker, which moto cannot take away."""

    def dispose(self: Any, garbage: bool = False) -> None:
        pass

    models.FakeDeleteMarker.dispose = dispose


def restore_checksums(reality: Reality | None) -> None:
    """Parts and sizes are held against what the client says of them, and the answer tells the checksum."""
    part_original = responses.S3Response.upload_part
    post_original = responses.S3Response._key_response_post

    def upload_part(self: Any) -> Any:
        said = self.headers.get("x-amz-checksum-sha256")
        if said is None:
            return part_original(self)
        if base64.b64encode(hashlib.sha256(self.body).digest()).decode() != said:
            raise BadRequest("The SHA256 you specified did not match the calculated checksum.")
        status, headers, body = part_original(self)
        return status, {**headers, "x-amz-checksum-sha256": said}, body

    def post(self: Any, request: Any, body: bytes, bucket_name: str, query: dict[str, Any], key_name: str) -> Any:
        if not query.get("uploadId"):
            return post_original(self, request, body, bucket_name, query, key_name)
        upload = self.backend.get_bucket(bucket_name).multiparts.get(query["uploadId"][0])
        size = self.headers.get("x-amz-mp-object-size")
        if upload is not None and size is not None:
            there = sum(len(upload.parts[number].value) for number in _part_numbers(body) if number in upload.parts)
            if there != int(size):
                raise InvalidRequest("The provided 'x-amz-mp-object-size' header value does not match the object.")
        status, headers, answer = post_original(self, request, body, bucket_name, query, key_name)
        made = self.backend.get_object(bucket_name, key_name)
        if status == _OK and made is not None and made.checksum_algorithm == "SHA256" and _TOLD not in answer:
            told = f"{made.checksum_value}-{made.checksum_parts}"
            answer = answer.replace(_END, f"{_TOLD}{told}</ChecksumSHA256>{_END}")
            headers = {**headers, "content-length": str(len(answer))}
        return status, headers, answer

    responses.S3Response.upload_part = upload_part
    responses.S3Response._key_response_post = post


_OK = 200
_TOLD = "<ChecksumSHA256>"
_END = "</CompleteMultipartUploadResult>"


def _part_numbers(body: bytes) -> list[int]:
    found = minidom.parseString(body).getElementsByTagName("PartNumber")  # noqa: S318 (a client's own request)
    return [int(each.firstChild.wholeText) for each in found]  # type: ignore[union-attr]


def restore_replication(reality: Reality | None) -> None:
    """A replication rule is told as it was given, its filter and the choice of encrypted objects included."""
    get_original = responses.S3Response.get_bucket_replication

    def get(self: Any) -> Any:
        answer = get_original(self)
        status, headers, text = answer if isinstance(answer, tuple) else (_OK, {}, answer)
        rules = self.backend.get_bucket_replication(self.bucket_name)["Rule"]
        document = minidom.parseString(text)  # noqa: S318 (moto's own answer)
        for element, rule in zip(document.getElementsByTagName("Rule"), rules, strict=True):
            for name in ("Filter", "DeleteMarkerReplication", "SourceSelectionCriteria"):
                for old in element.getElementsByTagName(name):
                    element.removeChild(old)
                if rule.get(name) is not None:
                    element.appendChild(_element(document, name, rule[name]))
        text = document.toxml()
        return status, {**headers, "content-length": str(len(text))}, text

    responses.S3Response.get_bucket_replication = get


def _element(document: minidom.Document, name: str, value: Any) -> minidom.Element:
    made = document.createElement(name)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            made.appendChild(_element(document, key, inner))
    else:
        made.appendChild(document.createTextNode(str(value or "")))
    return made
