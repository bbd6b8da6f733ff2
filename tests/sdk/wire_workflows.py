"""The workflows of a client that can send any action by its names on the wire."""

import json

from common import CATEGORY, IMAGE, INSTANCE_TYPE, REGION, ZONE, Snapshot


def present(parameters):
    return {name: value for name, value in parameters.items() if value is not None}


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class WireWorkflows:
    """`wire` sends an action and gives the parsed answer; lists are lists, and `show` makes a Disk of one."""

    def wire(self, action, **parameters) -> dict:
        raise NotImplementedError

    def show(self, disk):
        raise NotImplementedError

    def _one_disk(self, disk_id):
        [disk] = self.wire("DescribeDisks", RegionId=REGION, DiskIds=json.dumps([disk_id]))["Disks"]["Disk"]
        return disk

    def run_instance_with_disks(self, disks):
        body = self.wire(
            "RunInstances", RegionId=REGION, ZoneId=ZONE, InstanceType=INSTANCE_TYPE, ImageId=IMAGE, Amount=1,
            DataDisk=[
                {"Category": CATEGORY, "Size": 20, "DiskName": name, "DeleteWithInstance": goes}
                for name, goes in disks])
        [instance_id] = body["InstanceIdSets"]["InstanceIdSet"]
        return instance_id

    def data_disks(self, instance_id):
        body = self.wire("DescribeDisks", RegionId=REGION, InstanceId=instance_id, DiskType="data")
        return [self.show(disk) for disk in body["Disks"]["Disk"]]

    def stop_instance(self, instance_id):
        self.wire("StopInstance", InstanceId=instance_id)

    def start_instance(self, instance_id):
        self.wire("StartInstance", InstanceId=instance_id)

    def create_snapshot(self, disk_id, name):
        return self.wire("CreateSnapshot", DiskId=disk_id, SnapshotName=name)["SnapshotId"]

    def snapshot(self, snapshot_id):
        body = self.wire("DescribeSnapshots", RegionId=REGION, SnapshotIds=json.dumps([snapshot_id]))
        found = body["Snapshots"]["Snapshot"]
        return Snapshot(
            id=found[0]["SnapshotId"], name=found[0]["SnapshotName"], status=found[0]["Status"],
            disk_id=found[0]["SourceDiskId"], disk_size=found[0]["SourceDiskSize"]) if found else None

    def delete_snapshot(self, snapshot_id):
        self.wire("DeleteSnapshot", SnapshotId=snapshot_id)

    def create_disk_from(self, snapshot_id, name, *, size):
        body = self.wire(
            "CreateDisk", RegionId=REGION, ZoneId=ZONE, DiskCategory=CATEGORY, DiskName=name, Size=size,
            SnapshotId=snapshot_id)
        return body["DiskId"]

    def tag(self, disk_id, tags):
        self.wire("TagResources", RegionId=REGION, ResourceType="disk", ResourceId=[disk_id], Tag=pairs(tags))

    def tags_of(self, disk_id):
        body = self.wire("ListTagResources", RegionId=REGION, ResourceType="disk", ResourceId=[disk_id])
        return {each["TagKey"]: each["TagValue"] for each in body["TagResources"]["TagResource"]}

    def ids_by_tag(self, key, value):
        body = self.wire("DescribeDisks", RegionId=REGION, Tag=pairs({key: value}))
        return [disk["DiskId"] for disk in body["Disks"]["Disk"]]

    def untag(self, disk_id, keys):
        self.wire("UntagResources", RegionId=REGION, ResourceType="disk", ResourceId=[disk_id], TagKey=keys)

    def resize(self, disk_id, size, kind=None):
        self.wire("ResizeDisk", **present({"DiskId": disk_id, "NewSize": size, "Type": kind}))

    def change_level(self, disk_id, level, dry=False):
        return self.wire("ModifyDiskSpec", **present({
            "DiskId": disk_id, "PerformanceLevel": level, "DryRun": dry or None}))["TaskId"]

    def task_status(self, task_id):
        body = self.wire("DescribeTasks", RegionId=REGION, TaskIds=task_id)
        [task] = body["TaskSet"]["Task"]
        return task["TaskStatus"]

    def level(self, disk_id):
        return self._one_disk(disk_id)["PerformanceLevel"]
