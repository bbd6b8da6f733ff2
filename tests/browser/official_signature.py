"""Signs requests with the official Python SDK's own signer: JSON lines in, Authorization headers out.

A line: method, query (an object), headers (an object), id, secret.
"""

import json
import sys

from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

for line in sys.stdin:
    asked = json.loads(line)
    request = DaraRequest()
    request.method, request.pathname = asked["method"], "/"
    request.query, request.headers = asked["query"], asked["headers"]
    signed = Utils.get_authorization(request, "ACS3-HMAC-SHA256", EMPTY, asked["id"], asked["secret"])
    print(signed, flush=True)
