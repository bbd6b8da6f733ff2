package sdk

import "testing"

func checkHeld(t *testing.T, disk disk, instance string) {
	t.Helper()
	expect(t, "holder while "+disk.status, disk.instance, instance)
	expect(t, "release flag while "+disk.status, disk.released, true)
	expect(t, "attachments while "+disk.status, disk.attachments, []string{instance})
}

func checkFree(t *testing.T, disk disk) {
	t.Helper()
	expect(t, "holder and device", disk.instance+disk.device, "")
	expect(t, "release flag", disk.released, false)
	expect(t, "attachments", len(disk.attachments), 0)
	expect(t, "size", disk.size, 40)
	expect(t, "portable", disk.portable, true)
	expect(t, "description", disk.description, awkward)
	expect(t, "tags", disk.tags, map[string]string{"note": awkward})
}

func attachAndWatch(t *testing.T, c client, instance, disk string) {
	t.Helper()
	must(t, c.attach(instance, disk))
	seen := watch(t, c, disk, "In_use")
	expect(t, "statuses", statuses(seen), []string{"Attaching", "In_use"})
	checkHeld(t, seen[len(seen)-1], instance)
}

func detachAndWatch(t *testing.T, c client, instance, disk string) {
	t.Helper()
	must(t, c.detach(instance, disk))
	seen := watch(t, c, disk, "Available")
	expect(t, "statuses", statuses(seen), []string{"Detaching", "Available"})
	for _, while := range seen[:len(seen)-1] {
		checkHeld(t, while, instance)
	}
	checkFree(t, seen[len(seen)-1])
}

func disksStory(t *testing.T, c client) {
	instance := runInstance(t, c)
	wanted := newDisk{name: unique("life"), size: 40, description: awkward, tags: map[string]string{"note": awkward}}
	disk := of(c.createDisk(wanted))(t)
	checkFree(t, watch(t, c, disk, "Available")[0])
	attachAndWatch(t, c, instance, disk)
	detachAndWatch(t, c, instance, disk)
	again := func(c client) error { return c.detach(instance, disk) }
	expectRefusal(t, c, 404, "InvalidDisk.AlreadyDetached", again)
	unknown := func(c client) error { return c.detach(instance, unknownDisk) }
	expectRefusal(t, c, 404, "InvalidDiskId.NotFound", unknown)
	deleteDisk(t, c, disk)
	deleteInstance(t, c, instance)
}

func snapshotsStory(t *testing.T, c client) {
	instance := runInstance(t, c, true)
	source := of(c.disks(filter{instance: instance}))(t)[0]
	name := unique("snapshot")
	id := of(c.createSnapshot(source.id, name))(t)
	shown := func() []snapshot { return of(c.snapshots(id))(t) }
	until(t, id+" accomplished", func() bool { return shown()[0].status == "accomplished" })
	expect(t, "snapshot", shown(), []snapshot{{name, "accomplished", source.id, "20"}})
	copied := of(c.createDisk(newDisk{name: unique("copy"), size: 30, snapshot: id}))(t)
	expect(t, "size of the copy", watch(t, c, copied, "Available")[0].size, 30)
	deleteDisk(t, c, copied)
	must(t, c.deleteSnapshot(id))
	until(t, id+" gone", func() bool { return len(shown()) == 0 })
	deleteInstance(t, c, instance)
}

func tagsStory(t *testing.T, c client) {
	mine := unique("mine")
	id := of(c.createDisk(newDisk{name: unique("tagged"), size: 40}))(t)
	tagged := func() (ids []string) {
		for _, disk := range of(c.disks(filter{tagKey: "owner", tagValue: mine}))(t) {
			ids = append(ids, disk.id)
		}
		return ids
	}
	must(t, c.tag(id, map[string]string{"owner": mine, "note": awkward}))
	expect(t, "tags", of(c.tags(id))(t), map[string]string{"owner": mine, "note": awkward})
	expect(t, "tagged", tagged(), []string{id})
	must(t, c.tag(id, map[string]string{"note": "short"}))
	must(t, c.untag(id, "owner"))
	expect(t, "tags", of(c.tags(id))(t), map[string]string{"note": "short"})
	expect(t, "tagged", len(tagged()), 0)
	deleteDisk(t, c, id)
}

func resizeStory(t *testing.T, c client) {
	instance := runInstance(t, c, true)
	id := of(c.disks(filter{instance: instance}))(t)[0].id
	must(t, c.resize(id, 30, "online"))
	expect(t, "size in use", one(t, c, id).size, 30)
	once(t, c, func() error { return c.detach(instance, id) })
	watch(t, c, id, "Available")
	must(t, c.resize(id, 40, ""))
	expect(t, "size", one(t, c, id).size, 40)
	deleteDisk(t, c, id)
	deleteInstance(t, c, instance)
}

func specificationStory(t *testing.T, c client) {
	id := of(c.createDisk(newDisk{name: unique("faster"), size: 500}))(t)
	expect(t, "level", watch(t, c, id, "Available")[0].level, "PL1")
	task := of(c.changeLevel(id, "PL2"))(t)
	until(t, task+" Finished", func() bool { return of(c.taskStatus(task))(t) == "Finished" })
	expect(t, "level", one(t, c, id).level, "PL2")
	deleteDisk(t, c, id)
}

func dataDisksStory(t *testing.T, c client) {
	instance := runInstance(t, c, true, false)
	disks := map[bool]string{}
	for _, disk := range of(c.disks(filter{instance: instance}))(t) {
		expect(t, "status", disk.status, "In_use")
		expect(t, "size", disk.size, dataDiskSize)
		disks[disk.released] = disk.id
	}
	must(t, c.stopInstance(instance))
	waitInstance(t, c, instance, "Stopped")
	must(t, c.startInstance(instance))
	waitInstance(t, c, instance, "Running")
	deleteInstance(t, c, instance)
	watch(t, c, disks[false], "Available")
	expect(t, "disks that went with it", len(of(c.disks(filter{id: disks[true]}))(t)), 0)
	deleteDisk(t, c, disks[false])
}
