package sdk

import (
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
)

func (c oldClient) attach(instance, disk string) error {
	request := at(c, ecs.CreateAttachDiskRequest())
	request.InstanceId, request.DiskId, request.DeleteWithInstance = instance, disk, requests.NewBoolean(true)
	_, err := c.sdk.AttachDisk(request)
	return err
}

func (c oldClient) detach(instance, disk string) error {
	request := at(c, ecs.CreateDetachDiskRequest())
	request.InstanceId, request.DiskId = instance, disk
	_, err := c.sdk.DetachDisk(request)
	return err
}

func (c oldClient) resize(disk string, size int, kind string) error {
	request := at(c, ecs.CreateResizeDiskRequest())
	request.DiskId, request.NewSize, request.Type = disk, requests.NewInteger(size), kind
	_, err := c.sdk.ResizeDisk(request)
	return err
}

func (c oldClient) deleteDisk(id string) error {
	request := at(c, ecs.CreateDeleteDiskRequest())
	request.DiskId = id
	_, err := c.sdk.DeleteDisk(request)
	return err
}

func (c oldClient) createSnapshot(disk, name string) (string, error) {
	request := at(c, ecs.CreateCreateSnapshotRequest())
	request.DiskId, request.SnapshotName = disk, name
	response, err := c.sdk.CreateSnapshot(request)
	if err != nil {
		return "", err
	}
	return response.SnapshotId, nil
}

func (c oldClient) snapshots(id string) (shown []snapshot, err error) {
	request := at(c, ecs.CreateDescribeSnapshotsRequest())
	request.SnapshotIds = listOf(id)
	response, err := c.sdk.DescribeSnapshots(request)
	if err != nil {
		return nil, err
	}
	for _, each := range response.Snapshots.Snapshot {
		shown = append(shown, snapshot{each.SnapshotName, each.Status, each.SourceDiskId, each.SourceDiskSize})
	}
	return shown, nil
}

func (c oldClient) deleteSnapshot(id string) error {
	request := at(c, ecs.CreateDeleteSnapshotRequest())
	request.SnapshotId = id
	_, err := c.sdk.DeleteSnapshot(request)
	return err
}

func (c oldClient) tag(disk string, tags map[string]string) error {
	request := at(c, ecs.CreateTagResourcesRequest())
	given := []ecs.TagResourcesTag{}
	for key, value := range tags {
		given = append(given, ecs.TagResourcesTag{Key: key, Value: value})
	}
	request.ResourceType, request.ResourceId, request.Tag = "disk", &[]string{disk}, &given
	_, err := c.sdk.TagResources(request)
	return err
}

func (c oldClient) tags(disk string) (map[string]string, error) {
	request := at(c, ecs.CreateListTagResourcesRequest())
	request.ResourceType, request.ResourceId = "disk", &[]string{disk}
	response, err := c.sdk.ListTagResources(request)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, each := range response.TagResources.TagResource {
		found[each.TagKey] = each.TagValue
	}
	return found, nil
}

func (c oldClient) untag(disk string, keys ...string) error {
	request := at(c, ecs.CreateUntagResourcesRequest())
	request.ResourceType, request.ResourceId, request.TagKey = "disk", &[]string{disk}, &keys
	_, err := c.sdk.UntagResources(request)
	return err
}

func (c oldClient) changeLevel(disk, level string) (string, error) {
	request := at(c, ecs.CreateModifyDiskSpecRequest())
	request.DiskId, request.PerformanceLevel = disk, level
	response, err := c.sdk.ModifyDiskSpec(request)
	if err != nil {
		return "", err
	}
	return response.TaskId, nil
}

func (c oldClient) taskStatus(task string) (string, error) {
	request := at(c, ecs.CreateDescribeTasksRequest())
	request.TaskIds = task
	response, err := c.sdk.DescribeTasks(request)
	if err != nil || len(response.TaskSet.Task) == 0 {
		return "", err
	}
	return response.TaskSet.Task[0].TaskStatus, nil
}
