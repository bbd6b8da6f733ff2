import { test } from 'diskdock/vitest';
import { describe, expect } from 'vitest';
import { machines } from '../machines.js';
import { connect, move, statusOf } from '../mover.js';

describe.concurrent('move', () => {
  test('attaches the disk to the target', async ({ diskdock }) => {
    const client = connect(diskdock.endpoint, diskdock.accessKeyId, diskdock.accessKeySecret);
    const { first, second, disk } = await machines(diskdock);
    await move(client, disk, first, second);
    expect((await diskdock.disk(disk)).InstanceId).toBe(second);
    expect((await diskdock.call('DescribeDisks', { DiskType: 'data' })).TotalCount).toBe(1);
  });

  test('tries again when it is throttled', async ({ diskdock }) => {
    const client = connect(diskdock.endpoint, diskdock.accessKeyId, diskdock.accessKeySecret);
    const { first, second, disk } = await machines(diskdock);
    await diskdock.faults.add({ action: 'DetachDisk', times: 3, fault: { do: 'throttle' } });
    await move(client, disk, first, second);
    expect(await statusOf(client, disk)).toBe('In_use');
    expect((await diskdock.call('DescribeDisks', { DiskType: 'data' })).TotalCount).toBe(1);
  });
});
