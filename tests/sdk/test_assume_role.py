"""Clients that assume a role themselves: they get a temporary key from STS, and call ECS with it."""

import json
import pathlib

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, RamRoleArnCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import RamRoleArnCredentialsProvider
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_tea_openapi.utils_models import Config

from common import KEY_ID, KEY_SECRET, REGION, unique

CERTIFICATES = pathlib.Path(__file__).resolve().parents[2] / "crates/diskdock/tests/it/server"
CERTIFICATE, TLS_KEY = (str(CERTIFICATES / name) for name in ("test-cert.pem", "test-key.pem"))
ACCOUNT = "1000000000000001"
TRUST = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{ACCOUNT}:root"]}}
    ],
}


@pytest.fixture(scope="module")
def tls_server(start_server):
    """The clients insist on https for STS, and trust the certificate of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALIBABA_CLOUD_CA_BUNDLE", CERTIFICATE)
        patch.setenv("SSL_CERT_FILE", CERTIFICATE)
        yield start_server("--tls-cert", CERTIFICATE, "--tls-key", TLS_KEY)


def old_client(server, credential):
    client = AcsClient(region_id=REGION, credential=credential)
    for product in ("Ecs", "Sts", "Ram"):
        client.add_endpoint(REGION, product, server.endpoint)
    return client


def call(client, product, version, action, **parameters):
    request = CommonRequest(product=product, version=version, action_name=action)
    request.set_method("POST")
    request.set_protocol_type("https")
    for name, value in parameters.items():
        request.add_query_param(name, value)
    return json.loads(client.do_action_with_exception(request))


@pytest.fixture(scope="module")
def user(tls_server):
    """A user who may assume roles: the id and the secret of a key."""
    root = old_client(tls_server, AccessKeyCredential(KEY_ID, KEY_SECRET))
    name = unique("user")
    call(root, "Ram", "2015-05-01", "CreateUser", UserName=name)
    policy = {"PolicyType": "System", "PolicyName": "AliyunSTSAssumeRoleAccess"}
    call(root, "Ram", "2015-05-01", "AttachPolicyToUser", UserName=name, **policy)
    key = call(root, "Ram", "2015-05-01", "CreateAccessKey", UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["AccessKeySecret"]


@pytest.fixture(scope="module")
def role(tls_server):
    """The ARN of a role that may read disks."""
    root = old_client(tls_server, AccessKeyCredential(KEY_ID, KEY_SECRET))
    name = unique("role")
    made = call(root, "Ram", "2015-05-01", "CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = {"PolicyType": "System", "PolicyName": "AliyunECSReadOnlyAccess"}
    call(root, "Ram", "2015-05-01", "AttachPolicyToRole", RoleName=name, **policy)
    return made["Role"]["Arn"]


@pytest.mark.client("python-old")
def test_old_sdk_assumes_a_role_by_itself(tls_server, user, role):
    client = old_client(tls_server, RamRoleArnCredential(*user, role, "sdk-session"))
    caller = call(client, "Sts", "2015-04-01", "GetCallerIdentity")
    assert caller["IdentityType"] == "AssumedRoleUser"
    assert caller["Arn"] == role.replace(":role/", ":assumed-role/") + "/sdk-session"
    disks = call(client, "Ecs", "2014-05-26", "DescribeDisks", RegionId=REGION)
    assert disks["Disks"]["Disk"] == []
    with pytest.raises(ServerException) as refused:
        call(client, "Ecs", "2014-05-26", "DeleteDisk", DiskId="d-none")
    assert refused.value.get_error_code() == "Forbidden.RAM"


@pytest.mark.client("python-old")
def test_old_sdk_is_refused_with_another_token(tls_server, user, role):
    client = old_client(tls_server, AccessKeyCredential(*user))
    session = {"RoleArn": role, "RoleSessionName": "sdk-session"}
    key = call(client, "Sts", "2015-04-01", "AssumeRole", **session)["Credentials"]
    spoilt = StsTokenCredential(key["AccessKeyId"], key["AccessKeySecret"], key["SecurityToken"] + "x")
    with pytest.raises(ServerException) as refused:
        call(old_client(tls_server, spoilt), "Ecs", "2014-05-26", "DescribeDisks", RegionId=REGION)
    assert refused.value.get_error_code() == "InvalidSecurityToken.MismatchWithAccessKey"


def provider(server, user, role, **options):
    key_id, secret = user
    return RamRoleArnCredentialsProvider(
        access_key_id=key_id,
        access_key_secret=secret,
        role_arn=role,
        role_session_name="sdk-session",
        sts_endpoint=server.endpoint,
        **options,
    )


def current_client(server, provider):
    credential = CredentialClient(provider=provider)
    return EcsClient(
        Config(credential=credential, region_id=REGION, endpoint=server.endpoint, protocol="HTTPS", ca=CERTIFICATE)
    )


@pytest.mark.client("python")
def test_current_sdk_assumes_a_role_by_itself(tls_server, user, role):
    client = current_client(tls_server, provider(tls_server, user, role))
    disks = client.describe_disks(models.DescribeDisksRequest(region_id=REGION))
    assert disks.status_code == 200 and disks.body.total_count == 0
    with pytest.raises(Exception) as refused:
        client.delete_disk(models.DeleteDiskRequest(disk_id="d-none"))
    assert refused.value.code == "Forbidden.RAM"


@pytest.mark.client("python")
def test_current_sdk_narrows_the_role_with_a_policy(tls_server, user, role):
    statement = {"Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*"}
    # The SDK signs a space in it as a plus sign, which no server takes for a space.
    policy = json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))
    client = current_client(tls_server, provider(tls_server, user, role, policy=policy))
    with pytest.raises(Exception) as refused:
        client.describe_disks(models.DescribeDisksRequest(region_id=REGION))
    assert refused.value.access_denied_detail["PolicyType"] == "SessionPolicy"


@pytest.mark.client("python")
def test_current_sdk_shows_why_a_role_cannot_be_assumed(tls_server, role):
    with pytest.raises(CredentialException) as refused:
        provider(tls_server, (KEY_ID, KEY_SECRET), role).get_credentials()
    assert "Roles may not be assumed by root accounts." in str(refused.value)
