// The stories of disks for the Go SDKs. What a story needs of a client is the interface below.
package sdk

// disk is a disk as one client shows it.
type disk struct {
	id, status, instance, device, description, level string
	size                                             int
	portable, released                               bool
	attachments                                      []string
	tags                                             map[string]string
}

// snapshot is a snapshot as one client shows it; its size is a text in the API.
type snapshot struct {
	name, status, disk, size string
}

// refusal is a refused call as one client tells it.
type refusal struct {
	status                   int
	code, message, requestID string
}

// newDisk is what CreateDisk is asked for.
type newDisk struct {
	name, description, snapshot string
	size                        int
	tags                        map[string]string
}

// filter chooses disks: by id, by the instance whose data disks they are, or by a tag.
type filter struct {
	id, instance, tagKey, tagValue string
}

// client is a Go SDK in the words of the stories.
type client interface {
	// told reads a refusal; nothing if the error is none.
	told(err error) (refusal, bool)
	// runInstance runs one with data disks of 20 GiB, one for each DeleteWithInstance.
	runInstance(disks ...bool) (string, error)
	// instanceStatus is empty once the instance is gone.
	instanceStatus(id string) (string, error)
	stopInstance(id string) error
	startInstance(id string) error
	deleteInstance(id string) error
	createDisk(wanted newDisk) (string, error)
	disks(by filter) ([]disk, error)
	// attach attaches with DeleteWithInstance=true, which a detach has to clear.
	attach(instance, disk string) error
	detach(instance, disk string) error
	resize(disk string, size int, kind string) error
	deleteDisk(id string) error
	createSnapshot(disk, name string) (string, error)
	snapshots(id string) ([]snapshot, error)
	deleteSnapshot(id string) error
	tag(disk string, tags map[string]string) error
	tags(disk string) (map[string]string, error)
	untag(disk string, keys ...string) error
	// changeLevel gives the task that changes the performance level.
	changeLevel(disk, level string) (string, error)
	taskStatus(task string) (string, error)
}
