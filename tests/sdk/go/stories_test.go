package sdk

import (
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"
)

const (
	region       = "cn-hangzhou"
	zone         = "cn-hangzhou-i"
	instanceType = "ecs.g6.large"
	image        = "ubuntu_22_04_x64_20G_alibase_20240926.vhd"
	category     = "cloud_essd"
	keyID        = "testid"
	keySecret    = "testsecret"
	awkward      = "a b*c~d+e/f=g&h%i'j(k)l!m,n:o\" é 磁盘"
	unknownDisk  = "d-bp1nosuchdisk0000000"
	poll         = 20 * time.Millisecond
	waitFor      = 10 * time.Second
	dataDiskSize = 20
)

// The servers: one at its default pace, one slow enough that polling is certain to see Detaching.
var endpoint, slowEndpoint = os.Getenv("DISKDOCK_ENDPOINT"), os.Getenv("DISKDOCK_SLOW_ENDPOINT")

// open makes a client of a server with a secret.
type open func(t *testing.T, endpoint, secret string) client

// tell tells all stories with one client. Their names are those of clients.py.
func tell(t *testing.T, connect open) {
	t.Run("disks", func(t *testing.T) { disksStory(t, connect(t, slowEndpoint, keySecret)) })
	stories := map[string]func(*testing.T, client){
		"snapshots":                 snapshotsStory,
		"tags":                      tagsStory,
		"resize":                    resizeStory,
		"specification":             specificationStory,
		"instances_with_data_disks": dataDisksStory,
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) { story(t, connect(t, endpoint, keySecret)) })
	}
	t.Run("wrong_secret", func(t *testing.T) {
		expectRefusal(t, connect(t, endpoint, "not-the-secret"), 400, "SignatureDoesNotMatch", func(c client) error {
			return c.detach("i-1", "d-1")
		})
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// of returns a value whose call has to succeed.
func of[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return value
	}
}

// unique is a name that no other story uses.
func unique(word string) string {
	return fmt.Sprintf("%s-%d-%d", word, os.Getpid(), time.Now().UnixNano())
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

func expect(t *testing.T, what string, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s: got %v, wanted %v", what, got, wanted)
	}
}

func expectRefusal(t *testing.T, c client, status int, code string, call func(client) error) {
	t.Helper()
	err := call(c)
	told, is := c.told(err)
	if !is {
		t.Fatalf("wanted %s, got %v", code, err)
	}
	expect(t, "status", told.status, status)
	expect(t, "code", told.code, code)
	if told.message == "" || told.requestID == "" {
		t.Errorf("incomplete refusal: %v", told)
	}
}

// once makes a call that is refused until a change before it has ended.
func once(t *testing.T, c client, call func() error) {
	t.Helper()
	until(t, "an accepted call", func() bool {
		err := call()
		if told, is := c.told(err); is && (told.code == "InvalidOperation.Conflict" || told.code == "LastOrderProcessing") {
			return false
		}
		must(t, err)
		return true
	})
}

func one(t *testing.T, c client, id string) disk {
	t.Helper()
	found := of(c.disks(filter{id: id}))(t)
	if len(found) != 1 {
		t.Fatalf("%s: found %v", id, found)
	}
	return found[0]
}

// watch polls until the disk has the status, and returns every state on the way.
func watch(t *testing.T, c client, id, status string) []disk {
	t.Helper()
	var seen []disk
	until(t, id+" "+status, func() bool {
		seen = append(seen, one(t, c, id))
		return seen[len(seen)-1].status == status
	})
	return seen
}

func statuses(seen []disk) (found []string) {
	for _, disk := range seen {
		if len(found) == 0 || found[len(found)-1] != disk.status {
			found = append(found, disk.status)
		}
	}
	return found
}

func waitInstance(t *testing.T, c client, id, status string) {
	t.Helper()
	until(t, id+" "+status, func() bool { return of(c.instanceStatus(id))(t) == status })
}

func runInstance(t *testing.T, c client, disks ...bool) string {
	t.Helper()
	id := of(c.runInstance(disks...))(t)
	waitInstance(t, c, id, "Running")
	return id
}

func deleteInstance(t *testing.T, c client, id string) {
	t.Helper()
	must(t, c.deleteInstance(id))
	waitInstance(t, c, id, "")
}

func deleteDisk(t *testing.T, c client, id string) {
	t.Helper()
	once(t, c, func() error { return c.deleteDisk(id) })
	until(t, id+" gone", func() bool { return len(of(c.disks(filter{id: id}))(t)) == 0 })
}
