// @alicloud/ecs20140526, the current Node SDK. SIGNATURE is v3 (what it does unasked) or v2 (its name for 1.0).
'use strict';

const assert = require('node:assert/strict');
const Ecs = require('@alicloud/ecs20140526');
const { Config } = require('@alicloud/openapi-core/dist/utils');
const $dara = require('@darabonba/typescript');
const { tell } = require('./stories.cjs');
const { CATEGORY, IMAGE, INSTANCE_TYPE, KEY_ID, REGION, ZONE } = require('./common.cjs');

function openSdk(endpoint, secret) {
  const config = new Config({
    accessKeyId: KEY_ID, accessKeySecret: secret, regionId: REGION, endpoint, protocol: 'http',
  });
  if (process.env.SIGNATURE === 'v2') config.signatureAlgorithm = 'v2';
  return new Ecs.default(config);
}

const shown = (disk) => ({
  id: disk.diskId,
  status: disk.status,
  size: disk.size,
  portable: disk.portable,
  instanceId: disk.instanceId,
  device: disk.device,
  deleteWithInstance: disk.deleteWithInstance,
  description: disk.description,
  attachments: (disk.attachments?.attachment ?? []).map((each) => each.instanceId),
  tags: Object.fromEntries(disk.tags.tag.map((each) => [each.tagKey, each.tagValue])),
});

function told(error) {
  assert.equal(error.name, 'ClientError');
  return { status: error.statusCode, code: error.code, message: error.message, requestId: error.requestId };
}

function connect(endpoint, secret) {
  const sdk = openSdk(endpoint, secret);
  const describe = async (parameters) =>
    (await sdk.describeDisks(new Ecs.DescribeDisksRequest({ regionId: REGION, ...parameters }))).body;
  return {
    told,
    /** The models of the SDK, filled and read by the names on the wire as its users may. */
    async call(action, parameters) {
      const request = $dara.cast(parameters, new Ecs[`${action}Request`]({}));
      return (await sdk[action[0].toLowerCase() + action.slice(1)](request)).body.toMap();
    },
    async runInstance() {
      const { body } = await sdk.runInstances(new Ecs.RunInstancesRequest({
        regionId: REGION, zoneId: ZONE, instanceType: INSTANCE_TYPE, imageId: IMAGE, amount: 1,
      }));
      return body.instanceIdSets.instanceIdSet[0];
    },
    async instanceStatus(instanceId) {
      const request = new Ecs.DescribeInstancesRequest({ regionId: REGION, instanceIds: JSON.stringify([instanceId]) });
      return (await sdk.describeInstances(request)).body.instances.instance[0]?.status;
    },
    deleteInstance: (instanceId) => sdk.deleteInstance(new Ecs.DeleteInstanceRequest({ instanceId, force: true })),
    async createDisk(diskName, { size = 40, description, tags = {}, token } = {}) {
      const tag = Object.entries(tags).map(([key, value]) => new Ecs.CreateDiskRequestTag({ key, value }));
      const { body } = await sdk.createDisk(new Ecs.CreateDiskRequest({
        regionId: REGION, zoneId: ZONE, diskCategory: CATEGORY, diskName, size, description, tag, clientToken: token,
      }));
      return body.diskId;
    },
    async disk(diskId) {
      const [found] = (await describe({ diskIds: JSON.stringify([diskId]) })).disks.disk;
      return found && shown(found);
    },
    attach: (instanceId, diskId) =>
      sdk.attachDisk(new Ecs.AttachDiskRequest({ instanceId, diskId, deleteWithInstance: true })),
    detach: (instanceId, diskId) => sdk.detachDisk(new Ecs.DetachDiskRequest({ instanceId, diskId })),
    deleteDisk: (diskId) => sdk.deleteDisk(new Ecs.DeleteDiskRequest({ diskId })),
    async page(parameters) {
      const body = await describe(parameters);
      const { pageNumber, pageSize, totalCount, nextToken } = body;
      return { ids: body.disks.disk.map((disk) => disk.diskId), pageNumber, pageSize, totalCount, nextToken };
    },
  };
}

tell(connect);
