// The code under test: moves a disk from one instance to another.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

// The SDK is CommonJS, whose default export Node and vitest see differently.
const require = createRequire(import.meta.url);
const { default: Client, AttachDiskRequest, DescribeDisksRequest, DetachDiskRequest } =
  require('@alicloud/ecs20140526');
const { $OpenApiUtil } = require('@alicloud/openapi-core');

const TRIES = 5;
const TIMEOUT_MS = 10_000;

export function connect(endpoint, accessKeyId, accessKeySecret) {
  const config = new $OpenApiUtil.Config({ accessKeyId, accessKeySecret, endpoint, protocol: 'HTTP' });
  return new Client(config);
}

/** Detaches the disk, waits until it is free, and attaches it to the target. */
export async function move(client, diskId, source, target) {
  await detach(client, diskId, source);
  await waitUntil(client, diskId, 'Available');
  await client.attachDisk(new AttachDiskRequest({ diskId, instanceId: target }));
  await waitUntil(client, diskId, 'In_use');
}

/** The cloud throttles; a refusal of that kind is worth another try. */
async function detach(client, diskId, instanceId) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.detachDisk(new DetachDiskRequest({ diskId, instanceId }));
    } catch (error) {
      if (error.code !== 'Throttling.User' || attempt === TRIES) throw error;
    }
  }
}

async function waitUntil(client, diskId, status) {
  const giveUpAt = performance.now() + TIMEOUT_MS;
  while ((await statusOf(client, diskId)) !== status) {
    if (performance.now() > giveUpAt) throw new Error(`${diskId} is not ${status}`);
    await sleep(20);
  }
}

export async function statusOf(client, diskId) {
  const request = new DescribeDisksRequest({ regionId: 'cn-hangzhou', diskIds: JSON.stringify([diskId]) });
  return (await client.describeDisks(request)).body.disks.disk[0].status;
}
