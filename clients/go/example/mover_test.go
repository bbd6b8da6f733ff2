package example

import (
	"testing"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/diskdock/diskdock/clients/go/diskdocktest"
)

// machines are two running instances, and a disk on the first.
func machines(t *testing.T, world *diskdocktest.World) (first, second, disk string) {
	t.Helper()
	must := func(action string, parameters map[string]string, reply any) {
		t.Helper()
		if err := world.Call(action, parameters, reply); err != nil {
			t.Fatal(err)
		}
	}
	world.HoldClock()
	var ran struct {
		InstanceIdSets struct{ InstanceIdSet []string }
	}
	must("RunInstances", map[string]string{
		"ImageId":      "ubuntu_22_04_x64_20G_alibase_20240926.vhd",
		"InstanceType": "ecs.g6.large",
		"ZoneId":       "cn-hangzhou-i",
		"Amount":       "2",
	}, &ran)
	var created struct{ DiskId string }
	must("CreateDisk", map[string]string{"ZoneId": "cn-hangzhou-i", "Size": "20", "DiskCategory": "cloud_essd"}, &created)
	world.Finish(diskdocktest.Selection{})
	world.ReleaseClock()
	first, second, disk = ran.InstanceIdSets.InstanceIdSet[0], ran.InstanceIdSets.InstanceIdSet[1], created.DiskId
	must("AttachDisk", map[string]string{"InstanceId": first, "DiskId": disk}, nil)
	world.WaitFor(disk, "In_use")
	return first, second, disk
}

func connect(t *testing.T, world *diskdocktest.World) *ecs.Client {
	t.Helper()
	client, err := Connect(world.Endpoint, world.AccessKeyID, world.AccessKeySecret)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestMoveAttachesTheDiskToTheTarget(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	first, second, disk := machines(t, world)
	if err := Move(connect(t, world), disk, first, second); err != nil {
		t.Error(err)
	}
}

func TestMoveTriesAgainWhenItIsThrottled(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	first, second, disk := machines(t, world)
	world.AddFault(diskdocktest.Fault{Action: "DetachDisk", Times: 3, Do: diskdocktest.Throttle})
	if err := Move(connect(t, world), disk, first, second); err != nil {
		t.Error(err)
	}
}

func TestDiskIsDetachingUntilTheGuestLetsGo(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	first, _, disk := machines(t, world)
	world.AddRule(diskdocktest.Rule{Transition: "detach", Do: diskdocktest.Hold})
	if err := detach(connect(t, world), disk, first); err != nil {
		t.Fatal(err)
	}
	if seen := world.DiskStatus(disk); seen != "Detaching" {
		t.Errorf("it is %s", seen)
	}
	world.Finish(diskdocktest.Selection{Disk: disk})
	if seen := world.DiskStatus(disk); seen != "Available" {
		t.Errorf("it is %s", seen)
	}
}
