package diskdocktest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/diskdock/diskdock/clients/go/diskdocktest"
)

var newDisk = map[string]string{"ZoneId": "cn-hangzhou-i", "Size": "20", "DiskCategory": "cloud_essd"}

func create(t *testing.T, world *diskdocktest.World) string {
	t.Helper()
	var reply struct {
		DiskID string `json:"DiskId"`
	}
	if err := world.Call("CreateDisk", newDisk, &reply); err != nil {
		t.Fatal(err)
	}
	return reply.DiskID
}

func count(t *testing.T, world *diskdocktest.World) int {
	t.Helper()
	var reply struct{ TotalCount int }
	if err := world.Call("DescribeDisks", nil, &reply); err != nil {
		t.Fatal(err)
	}
	return reply.TotalCount
}

func TestNewGivesEachTestAWorldOfItsOwn(t *testing.T) {
	for _, name := range []string{"one", "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := diskdocktest.New(t)
			create(t, world)
			if found := count(t, world); found != 1 {
				t.Errorf("%d disks", found)
			}
		})
	}
}

func TestForkBeginsAsACopyAndGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	create(t, world)
	other := world.Fork()
	create(t, other)
	if a, b := count(t, world), count(t, other); a != 1 || b != 2 {
		t.Errorf("%d and %d disks", a, b)
	}
}

func TestAddFaultAnswersWithTheCode(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	fault := diskdocktest.Fault{Do: diskdocktest.Answer, Code: "IncorrectDiskStatus", Times: 1}
	world.AddFault(fault)
	var refused *diskdocktest.APIError
	if err := world.Call("DescribeDisks", nil, nil); !errors.As(err, &refused) || refused.Code != "IncorrectDiskStatus" {
		t.Errorf("%v", err)
	}
	if found := count(t, world); found != 0 {
		t.Errorf("%d disks", found)
	}
}

func TestAdvanceClockMovesAHeldClock(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	world.HoldClock()
	before := world.Now()
	world.AdvanceClock(time.Hour)
	if passed := world.Now().Sub(before); passed != time.Hour {
		t.Errorf("%v passed", passed)
	}
	world.ReleaseClock()
}

func TestCallEncodesAsTheSignatureWants(t *testing.T) {
	t.Parallel()
	world := diskdocktest.New(t)
	parameters := map[string]string{"Description": "a b*c~d+e/f=g&h%i'(é)"}
	for name, value := range newDisk {
		parameters[name] = value
	}
	if err := world.Call("CreateDisk", parameters, nil); err != nil {
		t.Error(err)
	}
}
