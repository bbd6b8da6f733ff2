// @alicloud/pop-core, the old Node client. METHOD is GET (what it does unasked) or POST (everything in the body).
'use strict';

const assert = require('node:assert/strict');
const PopCore = require('@alicloud/pop-core');
const { tell } = require('./stories.cjs');
const { CATEGORY, IMAGE, INSTANCE_TYPE, KEY_ID, REGION, ZONE } = require('./common.cjs');

const OPTIONS = process.env.METHOD === 'POST' ? { method: 'POST' } : {};

const shown = (disk) => ({
  id: disk.DiskId,
  status: disk.Status,
  size: disk.Size,
  portable: disk.Portable,
  instanceId: disk.InstanceId,
  device: disk.Device,
  deleteWithInstance: disk.DeleteWithInstance,
  description: disk.Description,
  attachments: (disk.Attachments?.Attachment ?? []).map((each) => each.InstanceId),
  tags: Object.fromEntries(disk.Tags.Tag.map((each) => [each.TagKey, each.TagValue])),
});

/** The client never looks at the HTTP status itself, but keeps it. */
function told(error) {
  assert.equal(error.name, `${error.code}Error`);
  const { statusCode } = error.entry.response;
  return { status: statusCode, code: error.code, message: error.data.Message, requestId: error.data.RequestId };
}

function connect(endpoint, secret) {
  const core = new PopCore({
    accessKeyId: KEY_ID, accessKeySecret: secret, endpoint: `http://${endpoint}`, apiVersion: '2014-05-26',
  });
  const call = (action, parameters) => core.request(action, parameters, OPTIONS);
  return {
    told,
    call,
    async runInstance() {
      const body = await call('RunInstances', {
        RegionId: REGION, ZoneId: ZONE, InstanceType: INSTANCE_TYPE, ImageId: IMAGE, Amount: 1,
      });
      return body.InstanceIdSets.InstanceIdSet[0];
    },
    async instanceStatus(instanceId) {
      const body = await call('DescribeInstances', { RegionId: REGION, InstanceIds: JSON.stringify([instanceId]) });
      return body.Instances.Instance[0]?.Status;
    },
    deleteInstance: (instanceId) => call('DeleteInstance', { InstanceId: instanceId, Force: true }),
    async createDisk(name, { size = 40, description, tags = {}, token } = {}) {
      const body = await call('CreateDisk', {
        RegionId: REGION, ZoneId: ZONE, DiskCategory: CATEGORY, DiskName: name, Size: size,
        ...(description && { Description: description }),
        ...(token && { ClientToken: token }),
        Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      });
      return body.DiskId;
    },
    async disk(diskId) {
      const body = await call('DescribeDisks', { RegionId: REGION, DiskIds: JSON.stringify([diskId]) });
      const [found] = body.Disks.Disk;
      return found && shown(found);
    },
    attach: (instanceId, diskId) =>
      call('AttachDisk', { InstanceId: instanceId, DiskId: diskId, DeleteWithInstance: true }),
    detach: (instanceId, diskId) => call('DetachDisk', { InstanceId: instanceId, DiskId: diskId }),
    deleteDisk: (diskId) => call('DeleteDisk', { DiskId: diskId }),
    // The client upper-cases the first letter of each name by itself.
    async page(parameters) {
      const body = await call('DescribeDisks', { regionId: REGION, ...parameters });
      return {
        ids: body.Disks.Disk.map((disk) => disk.DiskId),
        pageNumber: body.PageNumber,
        pageSize: body.PageSize,
        totalCount: body.TotalCount,
        nextToken: body.NextToken,
      };
    },
  };
}

tell(connect);
