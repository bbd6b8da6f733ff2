"""One call of the API, signed with version 1.0, for tests that need no SDK."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any
from urllib.parse import quote

from ._http import send

ECS_VERSION = "2014-05-26"


class ApiError(Exception):
    """A call that the API refused."""

    def __init__(self, status: int, reply: dict[str, Any]):
        self.status = status
        self.code: str = reply.get("Code", "")
        self.message: str = reply.get("Message", "")
        self.request_id: str = reply.get("RequestId", "")
        super().__init__(f"{status} {self.code}: {self.message}")


def call(url: str, key_id: str, secret: str, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Calls an action; raises ApiError if it is refused."""
    pairs = {
        "Action": action,
        "Version": ECS_VERSION,
        "Format": "JSON",
        "AccessKeyId": key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    pairs.update((name, _text(value)) for name, value in parameters.items())
    query = "&".join(f"{_encode(name)}={_encode(pairs[name])}" for name in sorted(pairs))
    signed = f"POST&{_encode('/')}&{_encode(query)}"
    digest = hmac.digest(f"{secret}&".encode(), signed.encode(), hashlib.sha1)
    body = f"{query}&Signature={_encode(base64.b64encode(digest).decode())}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, reply = send("POST", url, body.encode(), headers)
    answer: dict[str, Any] = json.loads(reply)
    if status >= 400:
        raise ApiError(status, answer)
    return answer


def _text(value: Any) -> str:
    """True is `true`, a list is a JSON array, as ids are given."""
    return value if isinstance(value, str) else json.dumps(value)


def _encode(text: str) -> str:
    return quote(text, safe="~")
