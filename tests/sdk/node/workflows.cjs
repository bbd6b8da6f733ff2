// What clients do with disks beyond attaching them, as in ../workflows.py. A client has `call`, which sends an action
// by its names on the wire and gives the answer likewise.
'use strict';

const assert = require('node:assert/strict');
const {
  AWKWARD, CATEGORY, IMAGE, INSTANCE_TYPE, REGION, ZONE, unique, waitFor,
} = require('./common.cjs');

const DISK = { RegionId: REGION, ResourceType: 'disk' };

async function disk(client, diskId) {
  const body = await client.call('DescribeDisks', { RegionId: REGION, DiskIds: JSON.stringify([diskId]) });
  return body.Disks.Disk[0];
}

const arrives = (client, diskId, status) =>
  waitFor(async () => (await disk(client, diskId)).Status === status, `${diskId} ${status}`);

/** Makes a call that is refused until a change before it has ended, as clients do that try again. */
const once = (client, action, parameters) => waitFor(() => client.call(action, parameters).then(() => true, (error) => {
  assert.ok(['InvalidOperation.Conflict', 'LastOrderProcessing'].includes(client.told(error).code), error);
  return false;
}), `${action} accepted`);

async function deleteDisk(client, DiskId) {
  await client.call('DeleteDisk', { DiskId });
  await waitFor(async () => (await disk(client, DiskId)) === undefined, `${DiskId} gone`);
}

/** Runs an instance with data disks of 20 GiB, one for each DeleteWithInstance. */
async function runWithDisks(client, flags) {
  const body = await client.call('RunInstances', {
    RegionId: REGION, ZoneId: ZONE, InstanceType: INSTANCE_TYPE, ImageId: IMAGE, Amount: 1,
    DataDisk: flags.map((flag) => ({ Category: CATEGORY, Size: 20, DiskName: unique('data'), DeleteWithInstance: flag })),
  });
  const [instanceId] = body.InstanceIdSets.InstanceIdSet;
  await status(client, instanceId, 'Running');
  const { Disks } = await client.call('DescribeDisks', { RegionId: REGION, InstanceId: instanceId, DiskType: 'data' });
  return [instanceId, Disks.Disk];
}

const status = (client, instanceId, wanted) =>
  waitFor(async () => (await client.instanceStatus(instanceId)) === wanted, `${instanceId} ${wanted}`);

async function deleteInstance(client, InstanceId) {
  await client.call('DeleteInstance', { InstanceId, Force: true });
  await status(client, InstanceId, undefined);
}

async function snapshots(client) {
  const [instanceId, [{ DiskId }]] = await runWithDisks(client, [true]);
  const SnapshotName = unique('snapshot');
  const { SnapshotId } = await client.call('CreateSnapshot', { DiskId, SnapshotName });
  const shown = async () => {
    const ids = { RegionId: REGION, SnapshotIds: JSON.stringify([SnapshotId]) };
    return (await client.call('DescribeSnapshots', ids)).Snapshots.Snapshot[0];
  };
  await waitFor(async () => (await shown()).Status === 'accomplished', `${SnapshotId} accomplished`);
  const { SnapshotName: name, SourceDiskId, SourceDiskSize } = await shown();
  assert.deepEqual({ name, SourceDiskId, SourceDiskSize }, { name: SnapshotName, SourceDiskId: DiskId, SourceDiskSize: '20' });
  const copy = await client.call('CreateDisk', {
    RegionId: REGION, ZoneId: ZONE, DiskCategory: CATEGORY, DiskName: unique('copy'), Size: 30, SnapshotId,
  });
  await arrives(client, copy.DiskId, 'Available');
  assert.equal((await disk(client, copy.DiskId)).Size, 30);
  await deleteDisk(client, copy.DiskId);
  await client.call('DeleteSnapshot', { SnapshotId });
  await waitFor(async () => (await shown()) === undefined, `${SnapshotId} gone`);
  await deleteInstance(client, instanceId);
}

async function tags(client) {
  const [diskId, mine] = [await client.createDisk(unique('tagged')), unique('mine')];
  const put = (Tag) => client.call('TagResources', { ...DISK, ResourceId: [diskId], Tag });
  const found = async () => {
    const body = await client.call('ListTagResources', { ...DISK, ResourceId: [diskId] });
    return Object.fromEntries(body.TagResources.TagResource.map((each) => [each.TagKey, each.TagValue]));
  };
  const tagged = async () => {
    const body = await client.call('DescribeDisks', { RegionId: REGION, Tag: [{ Key: 'owner', Value: mine }] });
    return body.Disks.Disk.map((each) => each.DiskId);
  };
  await put([{ Key: 'owner', Value: mine }, { Key: 'note', Value: AWKWARD }]);
  assert.deepEqual(await found(), { owner: mine, note: AWKWARD });
  assert.deepEqual(await tagged(), [diskId]);
  await put([{ Key: 'note', Value: 'short' }]);
  await client.call('UntagResources', { ...DISK, ResourceId: [diskId], TagKey: ['owner'] });
  assert.deepEqual([await found(), await tagged()], [{ note: 'short' }, []]);
  await deleteDisk(client, diskId);
}

async function resize(client) {
  const [instanceId, [{ DiskId }]] = await runWithDisks(client, [true]);
  const size = async () => (await disk(client, DiskId)).Size;
  await client.call('ResizeDisk', { DiskId, NewSize: 30, Type: 'online' });
  assert.equal(await size(), 30);
  await once(client, 'DetachDisk', { DiskId, InstanceId: instanceId });
  await arrives(client, DiskId, 'Available');
  await client.call('ResizeDisk', { DiskId, NewSize: 40 });
  assert.equal(await size(), 40);
  await once(client, 'DeleteDisk', { DiskId });
  await deleteInstance(client, instanceId);
}

async function specification(client) {
  const DiskId = await client.createDisk(unique('faster'), { size: 500 });
  await arrives(client, DiskId, 'Available');
  const level = async () => (await disk(client, DiskId)).PerformanceLevel;
  assert.equal(await level(), 'PL1');
  const { TaskId } = await client.call('ModifyDiskSpec', { DiskId, PerformanceLevel: 'PL2' });
  await waitFor(async () => {
    const { TaskSet } = await client.call('DescribeTasks', { RegionId: REGION, TaskIds: TaskId });
    return TaskSet.Task[0].TaskStatus === 'Finished';
  }, `${TaskId} Finished`);
  assert.equal(await level(), 'PL2');
  await deleteDisk(client, DiskId);
}

async function dataDisks(client) {
  const [InstanceId, disks] = await runWithDisks(client, [true, false]);
  assert.deepEqual(disks.map((each) => [each.Size, each.Status]), [[20, 'In_use'], [20, 'In_use']]);
  await client.call('StopInstance', { InstanceId });
  await status(client, InstanceId, 'Stopped');
  await client.call('StartInstance', { InstanceId });
  await status(client, InstanceId, 'Running');
  await deleteInstance(client, InstanceId);
  const idOf = (flag) => disks.find((each) => each.DeleteWithInstance === flag).DiskId;
  await arrives(client, idOf(false), 'Available');
  assert.equal(await disk(client, idOf(true)), undefined);
  await deleteDisk(client, idOf(false));
}

exports.workflows = { snapshots, tags, resize, specification, 'instances with data disks': dataDisks };
