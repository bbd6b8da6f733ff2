package sdk

import (
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
)

func (c currentClient) attach(instance, disk string) error {
	_, err := c.sdk.AttachDisk(&ecs.AttachDiskRequest{
		InstanceId: tea.String(instance), DiskId: tea.String(disk), DeleteWithInstance: tea.Bool(true),
	})
	return err
}

func (c currentClient) detach(instance, disk string) error {
	_, err := c.sdk.DetachDisk(&ecs.DetachDiskRequest{InstanceId: tea.String(instance), DiskId: tea.String(disk)})
	return err
}

func (c currentClient) resize(disk string, size int, kind string) error {
	request := &ecs.ResizeDiskRequest{DiskId: tea.String(disk), NewSize: tea.Int32(int32(size))}
	if kind != "" {
		request.Type = tea.String(kind)
	}
	_, err := c.sdk.ResizeDisk(request)
	return err
}

func (c currentClient) deleteDisk(id string) error {
	_, err := c.sdk.DeleteDisk(&ecs.DeleteDiskRequest{DiskId: tea.String(id)})
	return err
}

func (c currentClient) createSnapshot(disk, name string) (string, error) {
	request := &ecs.CreateSnapshotRequest{DiskId: tea.String(disk), SnapshotName: tea.String(name)}
	response, err := c.sdk.CreateSnapshot(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(response.Body.SnapshotId), nil
}

func (c currentClient) snapshots(id string) (shown []snapshot, err error) {
	response, err := c.sdk.DescribeSnapshots(&ecs.DescribeSnapshotsRequest{
		RegionId: tea.String(region), SnapshotIds: tea.String(listOf(id)),
	})
	if err != nil {
		return nil, err
	}
	for _, each := range response.Body.Snapshots.Snapshot {
		shown = append(shown, snapshot{
			tea.StringValue(each.SnapshotName), tea.StringValue(each.Status),
			tea.StringValue(each.SourceDiskId), tea.StringValue(each.SourceDiskSize),
		})
	}
	return shown, nil
}

func (c currentClient) deleteSnapshot(id string) error {
	_, err := c.sdk.DeleteSnapshot(&ecs.DeleteSnapshotRequest{SnapshotId: tea.String(id)})
	return err
}

func (c currentClient) tag(disk string, tags map[string]string) error {
	request := &ecs.TagResourcesRequest{
		RegionId: tea.String(region), ResourceType: tea.String("disk"), ResourceId: tea.StringSlice([]string{disk}),
	}
	for key, value := range tags {
		request.Tag = append(request.Tag, &ecs.TagResourcesRequestTag{Key: tea.String(key), Value: tea.String(value)})
	}
	_, err := c.sdk.TagResources(request)
	return err
}

func (c currentClient) tags(disk string) (map[string]string, error) {
	response, err := c.sdk.ListTagResources(&ecs.ListTagResourcesRequest{
		RegionId: tea.String(region), ResourceType: tea.String("disk"), ResourceId: tea.StringSlice([]string{disk}),
	})
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, each := range response.Body.TagResources.TagResource {
		found[tea.StringValue(each.TagKey)] = tea.StringValue(each.TagValue)
	}
	return found, nil
}

func (c currentClient) untag(disk string, keys ...string) error {
	_, err := c.sdk.UntagResources(&ecs.UntagResourcesRequest{
		RegionId: tea.String(region), ResourceType: tea.String("disk"), ResourceId: tea.StringSlice([]string{disk}),
		TagKey: tea.StringSlice(keys),
	})
	return err
}

func (c currentClient) changeLevel(disk, level string) (string, error) {
	request := &ecs.ModifyDiskSpecRequest{DiskId: tea.String(disk), PerformanceLevel: tea.String(level)}
	response, err := c.sdk.ModifyDiskSpec(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(response.Body.TaskId), nil
}

func (c currentClient) taskStatus(task string) (string, error) {
	response, err := c.sdk.DescribeTasks(&ecs.DescribeTasksRequest{
		RegionId: tea.String(region), TaskIds: tea.String(task),
	})
	if err != nil || len(response.Body.TaskSet.Task) == 0 {
		return "", err
	}
	return tea.StringValue(response.Body.TaskSet.Task[0].TaskStatus), nil
}
