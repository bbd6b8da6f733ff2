// The life of a disk, driven by alibaba-cloud-sdk-go, the Go SDK that most older tools are built on.
package sdk

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
)

const (
	region   = "cn-hangzhou"
	zone     = "cn-hangzhou-i"
	awkward  = "a b*c~d+e/f=g&h%i'j(k)l!m,n:o\" é 磁盘"
	poll     = 20 * time.Millisecond
	waitFor  = 10 * time.Second
	diskSize = 40
)

// at points a request at the server; plain HTTP is the SDK's default scheme.
func at[R interface{ SetDomain(string) }](request R) R {
	request.SetDomain(os.Getenv("DISKDOCK_SLOW_ENDPOINT"))
	return request
}

func open(t *testing.T, secret string) *ecs.Client {
	t.Helper()
	client, err := ecs.NewClientWithAccessKey(region, "testid", secret)
	must(t, err)
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listOf(id string) string {
	text, _ := json.Marshal([]string{id})
	return string(text)
}

// until polls, and fails when the condition does not come true in time.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waitFor); !condition(); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", waitFor, what)
		}
	}
}

func instanceStatus(t *testing.T, client *ecs.Client, id string) string {
	t.Helper()
	request := at(ecs.CreateDescribeInstancesRequest())
	request.InstanceIds = listOf(id)
	response, err := client.DescribeInstances(request)
	must(t, err)
	if len(response.Instances.Instance) == 0 {
		return "gone"
	}
	return response.Instances.Instance[0].Status
}

func runInstance(t *testing.T, client *ecs.Client) string {
	t.Helper()
	request := at(ecs.CreateRunInstancesRequest())
	request.ZoneId, request.InstanceType = zone, "ecs.g6.large"
	request.ImageId, request.Amount = "ubuntu_22_04_x64_20G_alibase_20240926.vhd", requests.NewInteger(1)
	response, err := client.RunInstances(request)
	must(t, err)
	id := response.InstanceIdSets.InstanceIdSet[0]
	until(t, "Running", func() bool { return instanceStatus(t, client, id) == "Running" })
	return id
}

func createDisk(t *testing.T, client *ecs.Client) string {
	t.Helper()
	request := at(ecs.CreateCreateDiskRequest())
	request.ZoneId, request.DiskCategory, request.Size = zone, "cloud_essd", requests.NewInteger(diskSize)
	request.Description, request.Tag = awkward, &[]ecs.CreateDiskTag{{Key: "note", Value: awkward}}
	response, err := client.CreateDisk(request)
	must(t, err)
	return response.DiskId
}

func disks(t *testing.T, client *ecs.Client, id string) []ecs.Disk {
	t.Helper()
	request := at(ecs.CreateDescribeDisksRequest())
	request.DiskIds = listOf(id)
	response, err := client.DescribeDisks(request)
	must(t, err)
	return response.Disks.Disk
}

// watch polls until the disk has the status, and returns every state on the way.
func watch(t *testing.T, client *ecs.Client, id, status string) []ecs.Disk {
	t.Helper()
	var seen []ecs.Disk
	until(t, id+" "+status, func() bool {
		seen = append(seen, disks(t, client, id)[0])
		return seen[len(seen)-1].Status == status
	})
	return seen
}

func statuses(seen []ecs.Disk) (found []string) {
	for _, disk := range seen {
		if len(found) == 0 || found[len(found)-1] != disk.Status {
			found = append(found, disk.Status)
		}
	}
	return found
}

func expect(t *testing.T, what string, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s: got %v, wanted %v", what, got, wanted)
	}
}

func checkHeld(t *testing.T, disk ecs.Disk, instance string) {
	t.Helper()
	expect(t, "holder while "+disk.Status, disk.InstanceId, instance)
	expect(t, "release flag while "+disk.Status, disk.DeleteWithInstance, true)
	if attachments := disk.Attachments.Attachment; len(attachments) != 1 || attachments[0].InstanceId != instance {
		t.Errorf("attachments while %s: %v", disk.Status, attachments)
	}
}

func checkFree(t *testing.T, disk ecs.Disk) {
	t.Helper()
	expect(t, "holder and device", disk.InstanceId+disk.Device, "")
	expect(t, "release flag", disk.DeleteWithInstance, false)
	expect(t, "attachments", len(disk.Attachments.Attachment), 0)
	expect(t, "size", disk.Size, diskSize)
	expect(t, "portable", disk.Portable, true)
	expect(t, "description", disk.Description, awkward)
	expect(t, "tag", disk.Tags.Tag[0].TagValue, awkward)
}

func detach(client *ecs.Client, instance, disk string) error {
	request := at(ecs.CreateDetachDiskRequest())
	request.InstanceId, request.DiskId = instance, disk
	_, err := client.DetachDisk(request)
	return err
}

func expectRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	refusal, is := err.(*errors.ServerError)
	if !is {
		t.Fatalf("wanted %s, got %v", code, err)
	}
	expect(t, "status", refusal.HttpStatus(), status)
	expect(t, "code", refusal.ErrorCode(), code)
	if refusal.RequestId() == "" || refusal.HostId() == "" || refusal.Message() == "" {
		t.Errorf("incomplete refusal: %v", refusal)
	}
}

func attachAndWatch(t *testing.T, client *ecs.Client, instance, disk string) {
	t.Helper()
	request := at(ecs.CreateAttachDiskRequest())
	request.InstanceId, request.DiskId, request.DeleteWithInstance = instance, disk, requests.NewBoolean(true)
	_, err := client.AttachDisk(request)
	must(t, err)
	seen := watch(t, client, disk, "In_use")
	expect(t, "statuses", statuses(seen), []string{"Attaching", "In_use"})
	checkHeld(t, seen[len(seen)-1], instance)
}

func detachAndWatch(t *testing.T, client *ecs.Client, instance, disk string) {
	t.Helper()
	must(t, detach(client, instance, disk))
	seen := watch(t, client, disk, "Available")
	expect(t, "statuses", statuses(seen), []string{"Detaching", "Available"})
	for _, while := range seen[:len(seen)-1] {
		checkHeld(t, while, instance)
	}
	checkFree(t, seen[len(seen)-1])
}

func deleteDisk(t *testing.T, client *ecs.Client, id string) {
	t.Helper()
	request := at(ecs.CreateDeleteDiskRequest())
	request.DiskId = id
	_, err := client.DeleteDisk(request)
	must(t, err)
	until(t, id+" gone", func() bool { return len(disks(t, client, id)) == 0 })
}

func deleteInstance(t *testing.T, client *ecs.Client, id string) {
	t.Helper()
	request := at(ecs.CreateDeleteInstanceRequest())
	request.InstanceId, request.Force = id, requests.NewBoolean(true)
	_, err := client.DeleteInstance(request)
	must(t, err)
	until(t, id+" gone", func() bool { return instanceStatus(t, client, id) == "gone" })
}

func TestDiskLifecycle(t *testing.T) {
	client := open(t, "testsecret")
	instance, disk := runInstance(t, client), createDisk(t, client)
	checkFree(t, watch(t, client, disk, "Available")[0])
	attachAndWatch(t, client, instance, disk)
	detachAndWatch(t, client, instance, disk)
	expectRefusal(t, detach(client, instance, disk), 404, "InvalidDisk.AlreadyDetached")
	expectRefusal(t, detach(client, instance, "d-bp1nosuchdisk0000000"), 404, "InvalidDiskId.NotFound")
	deleteDisk(t, client, disk)
	deleteInstance(t, client, instance)
}

// The SDK compares the echoed string to sign with its own, and tells its user that the secret is wrong.
func TestWrongSecret(t *testing.T) {
	err := detach(open(t, "not-the-secret"), "i-1", "d-1")
	expectRefusal(t, err, 400, "SignatureDoesNotMatch")
	expect(t, "recommendation", err.(*errors.ServerError).Recommend(), "InvalidAccessKeySecret: Please check you AccessKeySecret")
}
