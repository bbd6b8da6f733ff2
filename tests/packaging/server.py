"""Reads what the server at DISKDOCK_ENDPOINT offers, and compares it with those who read it."""

import json
import os
import pathlib
import re
import sys
import urllib.error
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

ENDPOINT = os.environ["DISKDOCK_ENDPOINT"]


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(path):
    with DIRECT.open(ENDPOINT + path) as reply:
        return reply.read().decode()


def be_refused():
    """A call without a signature: there are no metrics of calls before the first."""
    try:
        get("/?Action=DescribeRegions&Version=2014-05-26")
    except urllib.error.HTTPError as error:
        return error.code
    raise AssertionError("a call without a signature was accepted")


def check_openapi():
    document = json.loads(get("/openapi.json"))
    OpenAPIV31SpecValidator(document).validate()
    print(f"- /openapi.json is valid OpenAPI 3.1, with {len(document['paths'])} actions")


def check_dashboard(path):
    """Every metric that a panel asks for is one that the server has."""
    be_refused()
    has = set(re.findall(r"^# TYPE (\w+) ", get("/metrics"), re.MULTILINE))
    panels = json.loads(pathlib.Path(path).read_text())["panels"]
    asked = {name for panel in panels for ask in panel["targets"] for name in re.findall(r"diskdock_\w+", ask["expr"])}
    missing = {name for name in asked if re.sub(r"_(total|bucket|sum|count)$", "", name) not in has}
    assert asked and not missing, missing
    print(f"- the dashboard asks for {len(asked)} metrics, which are there")


check_openapi()
check_dashboard(sys.argv[1])
