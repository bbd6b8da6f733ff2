package sdk

import (
	"encoding/json"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
)

// currentClient is alibabacloud-go/ecs-20140526, the current Go SDK.
type currentClient struct {
	sdk *ecs.Client
}

// openCurrent signs by V3, which the SDK does unasked, or by what it calls v2: the RPC signature 1.0.
func openCurrent(signature string) open {
	return func(t *testing.T, endpoint, secret string) client {
		t.Helper()
		config := &openapi.Config{
			AccessKeyId: tea.String(keyID), AccessKeySecret: tea.String(secret), RegionId: tea.String(region),
			Endpoint: tea.String(endpoint), Protocol: tea.String("http"),
		}
		if signature != "" {
			config.SignatureAlgorithm = tea.String(signature)
		}
		return currentClient{of(ecs.NewClient(config))(t)}
	}
}

func TestCurrent(t *testing.T) {
	tell(t, openCurrent(""))
}

func TestCurrentV2(t *testing.T) {
	tell(t, openCurrent("v2"))
}

func (c currentClient) told(err error) (refusal, bool) {
	refused, is := err.(*tea.SDKError)
	if !is {
		return refusal{}, false
	}
	var data struct{ RequestId string }
	_ = json.Unmarshal([]byte(tea.StringValue(refused.Data)), &data)
	code, message := tea.StringValue(refused.Code), tea.StringValue(refused.Message)
	return refusal{tea.IntValue(refused.StatusCode), code, message, data.RequestId}, true
}

func (c currentClient) runInstance(disks ...bool) (string, error) {
	request := &ecs.RunInstancesRequest{
		RegionId: tea.String(region), ZoneId: tea.String(zone), InstanceType: tea.String(instanceType),
		ImageId: tea.String(image), Amount: tea.Int32(1),
	}
	for _, released := range disks {
		request.DataDisk = append(request.DataDisk, &ecs.RunInstancesRequestDataDisk{
			Category: tea.String(category), Size: tea.Int32(dataDiskSize), DeleteWithInstance: tea.Bool(released),
		})
	}
	response, err := c.sdk.RunInstances(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(response.Body.InstanceIdSets.InstanceIdSet[0]), nil
}

func (c currentClient) instanceStatus(id string) (string, error) {
	response, err := c.sdk.DescribeInstances(&ecs.DescribeInstancesRequest{
		RegionId: tea.String(region), InstanceIds: tea.String(listOf(id)),
	})
	if err != nil || len(response.Body.Instances.Instance) == 0 {
		return "", err
	}
	return tea.StringValue(response.Body.Instances.Instance[0].Status), nil
}

func (c currentClient) stopInstance(id string) error {
	_, err := c.sdk.StopInstance(&ecs.StopInstanceRequest{InstanceId: tea.String(id)})
	return err
}

func (c currentClient) startInstance(id string) error {
	_, err := c.sdk.StartInstance(&ecs.StartInstanceRequest{InstanceId: tea.String(id)})
	return err
}

func (c currentClient) deleteInstance(id string) error {
	_, err := c.sdk.DeleteInstance(&ecs.DeleteInstanceRequest{InstanceId: tea.String(id), Force: tea.Bool(true)})
	return err
}

func (c currentClient) createDisk(wanted newDisk) (string, error) {
	request := &ecs.CreateDiskRequest{
		RegionId: tea.String(region), ZoneId: tea.String(zone), DiskCategory: tea.String(category),
		DiskName: tea.String(wanted.name), Size: tea.Int32(int32(wanted.size)),
	}
	if wanted.description != "" {
		request.Description = tea.String(wanted.description)
	}
	if wanted.snapshot != "" {
		request.SnapshotId = tea.String(wanted.snapshot)
	}
	for key, value := range wanted.tags {
		request.Tag = append(request.Tag, &ecs.CreateDiskRequestTag{Key: tea.String(key), Value: tea.String(value)})
	}
	response, err := c.sdk.CreateDisk(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(response.Body.DiskId), nil
}

func (c currentClient) disks(by filter) (shown []disk, err error) {
	request := &ecs.DescribeDisksRequest{RegionId: tea.String(region)}
	if by.id != "" {
		request.DiskIds = tea.String(listOf(by.id))
	}
	if by.instance != "" {
		request.InstanceId, request.DiskType = tea.String(by.instance), tea.String("data")
	}
	if by.tagKey != "" {
		tag := &ecs.DescribeDisksRequestTag{Key: tea.String(by.tagKey), Value: tea.String(by.tagValue)}
		request.Tag = []*ecs.DescribeDisksRequestTag{tag}
	}
	response, err := c.sdk.DescribeDisks(request)
	if err != nil {
		return nil, err
	}
	for _, each := range response.Body.Disks.Disk {
		shown = append(shown, showCurrent(each))
	}
	return shown, nil
}

func showCurrent(each *ecs.DescribeDisksResponseBodyDisksDisk) disk {
	tags := map[string]string{}
	for _, tag := range each.Tags.Tag {
		tags[tea.StringValue(tag.TagKey)] = tea.StringValue(tag.TagValue)
	}
	var attachments []string
	if each.Attachments != nil {
		for _, attachment := range each.Attachments.Attachment {
			attachments = append(attachments, tea.StringValue(attachment.InstanceId))
		}
	}
	return disk{
		id: tea.StringValue(each.DiskId), status: tea.StringValue(each.Status),
		instance: tea.StringValue(each.InstanceId), device: tea.StringValue(each.Device),
		description: tea.StringValue(each.Description), level: tea.StringValue(each.PerformanceLevel),
		size: int(tea.Int32Value(each.Size)), portable: tea.BoolValue(each.Portable),
		released: tea.BoolValue(each.DeleteWithInstance), attachments: attachments, tags: tags,
	}
}
