// Package diskdocktest gives each test a world of its own in a diskdock server: disks, instances, clock,
// rules and faults that no other test sees.
//
//	func TestMove(t *testing.T) {
//		t.Parallel()
//		world := diskdocktest.New(t)
//		client := connect(world.Endpoint, world.AccessKeyID, world.AccessKeySecret)
//		world.AddFault(diskdocktest.Fault{Action: "DetachDisk", Times: 2, Do: diskdocktest.Throttle})
//		…
//	}
//
// The tests of a package share one server, which ends with them. Under `diskdock exec -- go test ./...` all
// packages share one. The program is that of DISKDOCK_BIN, or the diskdock on the PATH.
package diskdocktest

import (
	"sync"
	"testing"
)

var shared = sync.OnceValues(start)

// New makes a world for a test, and deletes it when the test has ended.
func New(t testing.TB) *World {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("diskdock: %v", err)
	}
	return server.world(t, "")
}
