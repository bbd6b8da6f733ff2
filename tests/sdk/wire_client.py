"""A client whose users write parameters and read answers by their names on the wire."""

import json

from common import CATEGORY, IMAGE, INSTANCE_TYPE, REGION, ZONE, Client, Disk
from wire_workflows import WireWorkflows, present


class WireClient(WireWorkflows, Client):
    def call(self, action, **parameters) -> dict:
        """Sends one action and returns the parsed answer; `Tag` is a list of Key and Value."""
        raise NotImplementedError

    def wire(self, action, **parameters):
        return self.call(action, **parameters)

    def show(self, disk):
        return shown(disk)

    def run_instance(self):
        body = self.call(
            "RunInstances", RegionId=REGION, ZoneId=ZONE, InstanceType=INSTANCE_TYPE, ImageId=IMAGE, Amount=1)
        [instance_id] = body["InstanceIdSets"]["InstanceIdSet"]
        return instance_id

    def instance_status(self, instance_id):
        body = self.call("DescribeInstances", RegionId=REGION, InstanceIds=json.dumps([instance_id]))
        found = body["Instances"]["Instance"]
        return found[0]["Status"] if found else None

    def delete_instance(self, instance_id):
        self.call("DeleteInstance", InstanceId=instance_id, Force=True)

    def create_disk(self, name, *, size=40, description=None, tags=None, token=None):
        tag = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        body = self.call("CreateDisk", **present({
            "RegionId": REGION, "ZoneId": ZONE, "DiskCategory": CATEGORY, "DiskName": name, "Size": size,
            "Description": description, "ClientToken": token, "Tag": tag or None}))
        return body["DiskId"]

    def disk(self, disk_id):
        body = self.call("DescribeDisks", RegionId=REGION, DiskIds=json.dumps([disk_id]))
        found = body["Disks"]["Disk"]
        return shown(found[0]) if found else None

    def attach(self, instance_id, disk_id):
        self.call("AttachDisk", InstanceId=instance_id, DiskId=disk_id, DeleteWithInstance=True)

    def detach(self, instance_id, disk_id):
        self.call("DetachDisk", InstanceId=instance_id, DiskId=disk_id)

    def delete_disk(self, disk_id):
        self.call("DeleteDisk", DiskId=disk_id)

    def describe_dry(self):
        return self.call("DescribeDisks", RegionId=REGION, DryRun=True)

    def ids_by_number(self, name):
        ids, page_number, total = [], 1, None
        while total is None or len(ids) < total:
            body = self.call("DescribeDisks", RegionId=REGION, DiskName=name, PageNumber=page_number, PageSize=10)
            assert (body["PageNumber"], body["PageSize"]) == (page_number, 10)
            assert body["Disks"]["Disk"], f"page {page_number} is empty before all {total} were seen"
            ids += [disk["DiskId"] for disk in body["Disks"]["Disk"]]
            page_number, total = page_number + 1, body["TotalCount"]
        return ids

    def ids_by_token(self, name):
        ids, token = [], None
        while True:
            body = self.call("DescribeDisks", **present({
                "RegionId": REGION, "DiskName": name, "MaxResults": 10, "NextToken": token}))
            assert len(body["Disks"]["Disk"]) <= 10
            ids += [disk["DiskId"] for disk in body["Disks"]["Disk"]]
            following = body.get("NextToken") or None
            if following is None:
                return ids
            assert following != token
            token = following


def shown(disk):
    attachments = disk.get("Attachments", {}).get("Attachment", [])
    return Disk(
        id=disk["DiskId"], status=disk["Status"], size=disk["Size"], portable=disk["Portable"],
        instance_id=disk["InstanceId"], device=disk["Device"], delete_with_instance=disk["DeleteWithInstance"],
        description=disk["Description"], detached_time=disk["DetachedTime"],
        attachments=[each["InstanceId"] for each in attachments],
        tags={each["TagKey"]: each["TagValue"] for each in disk["Tags"]["Tag"]})
