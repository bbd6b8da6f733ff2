// Package example moves a disk from one instance to another.
package example

import (
	"errors"
	"fmt"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
)

const (
	region  = "cn-hangzhou"
	tries   = 5
	timeout = 10 * time.Second
)

// Connect makes a client for an endpoint without TLS.
func Connect(endpoint, accessKeyID, accessKeySecret string) (*ecs.Client, error) {
	return ecs.NewClient(&openapi.Config{
		AccessKeyId:     tea.String(accessKeyID),
		AccessKeySecret: tea.String(accessKeySecret),
		Endpoint:        tea.String(endpoint),
		Protocol:        tea.String("HTTP"),
	})
}

// Move detaches the disk, waits until it is free, and attaches it to the target.
func Move(client *ecs.Client, disk, source, target string) error {
	if err := detach(client, disk, source); err != nil {
		return err
	}
	if err := waitUntil(client, disk, "Available"); err != nil {
		return err
	}
	request := &ecs.AttachDiskRequest{DiskId: tea.String(disk), InstanceId: tea.String(target)}
	if _, err := client.AttachDisk(request); err != nil {
		return err
	}
	return waitUntil(client, disk, "In_use")
}

// detach tries again when the cloud throttles.
func detach(client *ecs.Client, disk, instance string) error {
	request := &ecs.DetachDiskRequest{DiskId: tea.String(disk), InstanceId: tea.String(instance)}
	for attempt := 1; ; attempt++ {
		_, err := client.DetachDisk(request)
		var refused *tea.SDKError
		throttled := errors.As(err, &refused) && tea.StringValue(refused.Code) == "Throttling.User"
		if !throttled || attempt == tries {
			return err
		}
	}
}

func waitUntil(client *ecs.Client, disk, status string) error {
	giveUpAt := time.Now().Add(timeout)
	for time.Now().Before(giveUpAt) {
		seen, err := Status(client, disk)
		if err != nil || seen == status {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s is not %s", disk, status)
}

// Status is the status of a disk.
func Status(client *ecs.Client, disk string) (string, error) {
	request := &ecs.DescribeDisksRequest{RegionId: tea.String(region), DiskIds: tea.String(`["` + disk + `"]`)}
	reply, err := client.DescribeDisks(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(reply.Body.Disks.Disk[0].Status), nil
}
