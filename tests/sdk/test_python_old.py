"""aliyun-python-sdk-ecs, the old Python SDK: its typed requests, and CommonRequest by GET and by POST."""

import importlib
import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

import stories
import workflows
from wire_client import WireClient
from common import KEY_ID, KEY_SECRET, REGION, Refusal, unique

pytestmark = pytest.mark.client("python-old")


def typed_request(action, parameters):
    """POST with everything in the query. Lists are set by a method with a plural `s`."""
    module = importlib.import_module(f"aliyunsdkecs.request.v20140526.{action}Request")
    request = getattr(module, f"{action}Request")()
    for name, value in parameters.items():
        getattr(request, f"set_{name}s" if isinstance(value, list) else f"set_{name}")(value)
    return request


def common_request(action, parameters, add):
    request = CommonRequest(version="2014-05-26", action_name=action)
    for name, value in flat(parameters).items():
        add(request, name, value)
    return request


def flat(parameters):
    """CommonRequest leaves the numbering of lists to its user."""
    numbered = {}
    for name, value in parameters.items():
        for number, each in enumerate(value if isinstance(value, list) else [], start=1):
            fields = {f".{field}": told for field, told in each.items()} if isinstance(each, dict) else {"": each}
            numbered |= {f"{name}.{number}{field}": told for field, told in fields.items()}
    return numbered | {name: value for name, value in parameters.items() if not isinstance(value, list)}


def common_get(action, parameters):
    return common_request(action, parameters, CommonRequest.add_query_param)


def common_post(action, parameters):
    """The common parameters in the query, the action's own in the form body."""
    request = common_request(action, parameters, CommonRequest.add_body_params)
    request.set_method("POST")
    return request


class OldSdk(WireClient):
    errors = (ServerException,)

    def __init__(self, server, secret, make_request):
        self.sdk = AcsClient(KEY_ID, secret, REGION)
        self.endpoint = server.endpoint
        self.make_request = make_request
        if make_request is typed_request:
            # What the SDK makes of SignatureDoesNotMatch when the echoed string to sign is its own to the letter.
            # It compares only for typed requests; with no colon in the message it would crash.
            self.wrong_secret_code = "InvalidAccessKeySecret"

    def call(self, action, **parameters):
        # The client adds its own region to every query, and typed requests have no setter for it.
        parameters.pop("RegionId", None)
        request = self.make_request(action, parameters)
        request.set_endpoint(self.endpoint)
        return json.loads(self.sdk.do_action_with_exception(request))

    def told(self, error):
        return Refusal(error.get_http_status(), error.get_error_code(), error.get_error_msg(), error.get_request_id())


@pytest.fixture(params=[typed_request, common_get, common_post], ids=lambda make: make.__name__)
def connect(request):
    return lambda server, secret: OldSdk(server, secret, request.param)


class TestOldSdk(stories.AllStories, workflows.AllWorkflows):
    pass


def test_list_of_ids_in_single_quotes_is_read(server):
    """A list that is given to the SDK as a list arrives as Python writes it: ['d-1', 'd-2']."""
    client = OldSdk(server, KEY_SECRET, typed_request)
    disks = sorted(client.create_disk(unique("quotes")) for _ in range(2))
    request = typed_request("DescribeDisks", {})
    request.set_DiskIds(disks)
    assert str(request.get_query_params()["DiskIds"]).startswith("['d-")
    request.set_endpoint(server.endpoint)
    answer = json.loads(client.sdk.do_action_with_exception(request))
    assert sorted(disk["DiskId"] for disk in answer["Disks"]["Disk"]) == disks
