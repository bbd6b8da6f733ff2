package sdk

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
)

// oldClient is alibaba-cloud-sdk-go, the Go SDK that most older tools are built on.
type oldClient struct {
	endpoint string
	sdk      *ecs.Client
}

func openOld(t *testing.T, endpoint, secret string) client {
	t.Helper()
	return oldClient{endpoint, of(ecs.NewClientWithAccessKey(region, keyID, secret))(t)}
}

func TestOld(t *testing.T) {
	tell(t, openOld)
}

// The SDK compares the echoed string to sign with its own, and tells its user that the secret is wrong.
func TestOldRecommendsAnotherSecret(t *testing.T) {
	err := openOld(t, endpoint, "not-the-secret").detach("i-1", "d-1")
	recommended := err.(*errors.ServerError).Recommend()
	expect(t, "recommendation", recommended, "InvalidAccessKeySecret: Please check you AccessKeySecret")
}

// at points a request at the server; plain HTTP is the SDK's default scheme.
func at[R interface{ SetDomain(string) }](c oldClient, request R) R {
	request.SetDomain(c.endpoint)
	return request
}

func listOf(ids ...string) string {
	text, _ := json.Marshal(ids)
	return string(text)
}

func (c oldClient) told(err error) (refusal, bool) {
	refused, is := err.(*errors.ServerError)
	if !is || refused.HostId() == "" {
		return refusal{}, false
	}
	return refusal{refused.HttpStatus(), refused.ErrorCode(), refused.Message(), refused.RequestId()}, true
}

func (c oldClient) runInstance(disks ...bool) (string, error) {
	request := at(c, ecs.CreateRunInstancesRequest())
	request.ZoneId, request.InstanceType = zone, instanceType
	request.ImageId, request.Amount = image, requests.NewInteger(1)
	wanted := []ecs.RunInstancesDataDisk{}
	for _, released := range disks {
		wanted = append(wanted, ecs.RunInstancesDataDisk{
			Category: category, Size: strconv.Itoa(dataDiskSize), DeleteWithInstance: strconv.FormatBool(released),
		})
	}
	request.DataDisk = &wanted
	response, err := c.sdk.RunInstances(request)
	if err != nil {
		return "", err
	}
	return response.InstanceIdSets.InstanceIdSet[0], nil
}

func (c oldClient) instanceStatus(id string) (string, error) {
	request := at(c, ecs.CreateDescribeInstancesRequest())
	request.InstanceIds = listOf(id)
	response, err := c.sdk.DescribeInstances(request)
	if err != nil || len(response.Instances.Instance) == 0 {
		return "", err
	}
	return response.Instances.Instance[0].Status, nil
}

func (c oldClient) stopInstance(id string) error {
	request := at(c, ecs.CreateStopInstanceRequest())
	request.InstanceId = id
	_, err := c.sdk.StopInstance(request)
	return err
}

func (c oldClient) startInstance(id string) error {
	request := at(c, ecs.CreateStartInstanceRequest())
	request.InstanceId = id
	_, err := c.sdk.StartInstance(request)
	return err
}

func (c oldClient) deleteInstance(id string) error {
	request := at(c, ecs.CreateDeleteInstanceRequest())
	request.InstanceId, request.Force = id, requests.NewBoolean(true)
	_, err := c.sdk.DeleteInstance(request)
	return err
}

func (c oldClient) createDisk(wanted newDisk) (string, error) {
	request := at(c, ecs.CreateCreateDiskRequest())
	request.ZoneId, request.DiskCategory, request.Size = zone, category, requests.NewInteger(wanted.size)
	request.DiskName, request.Description, request.SnapshotId = wanted.name, wanted.description, wanted.snapshot
	tags := []ecs.CreateDiskTag{}
	for key, value := range wanted.tags {
		tags = append(tags, ecs.CreateDiskTag{Key: key, Value: value})
	}
	request.Tag = &tags
	response, err := c.sdk.CreateDisk(request)
	if err != nil {
		return "", err
	}
	return response.DiskId, nil
}

func (c oldClient) disks(by filter) (shown []disk, err error) {
	request := at(c, ecs.CreateDescribeDisksRequest())
	if by.id != "" {
		request.DiskIds = listOf(by.id)
	}
	if by.instance != "" {
		request.InstanceId, request.DiskType = by.instance, "data"
	}
	if by.tagKey != "" {
		request.Tag = &[]ecs.DescribeDisksTag{{Key: by.tagKey, Value: by.tagValue}}
	}
	response, err := c.sdk.DescribeDisks(request)
	if err != nil {
		return nil, err
	}
	for _, each := range response.Disks.Disk {
		shown = append(shown, showOld(each))
	}
	return shown, nil
}

func showOld(each ecs.Disk) disk {
	tags := map[string]string{}
	for _, tag := range each.Tags.Tag {
		tags[tag.TagKey] = tag.TagValue
	}
	var attachments []string
	for _, attachment := range each.Attachments.Attachment {
		attachments = append(attachments, attachment.InstanceId)
	}
	return disk{
		id: each.DiskId, status: each.Status, instance: each.InstanceId, device: each.Device,
		description: each.Description, level: each.PerformanceLevel, size: each.Size, portable: each.Portable,
		released: each.DeleteWithInstance, attachments: attachments, tags: tags,
	}
}
