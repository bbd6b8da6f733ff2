// One call of the API, signed with version 1.0, for tests that need no SDK.
import { createHmac, randomUUID } from 'node:crypto';

const ECS_VERSION = '2014-05-26';

/** A call that the API refused. */
export class ApiError extends Error {
  constructor(status, reply) {
    super(`${status} ${reply.Code}: ${reply.Message}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = reply.Code;
    this.requestId = reply.RequestId;
  }
}

const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

export async function call({ url, accessKeyId, accessKeySecret }, action, parameters) {
  const pairs = {
    Action: action,
    Version: ECS_VERSION,
    Format: 'JSON',
    AccessKeyId: accessKeyId,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: randomUUID(),
    Timestamp: new Date().toISOString().replace(/\.\d+/, ''),
    ...parameters,
  };
  const query = Object.keys(pairs)
    .sort()
    .map((name) => `${encode(name)}=${encode(asText(pairs[name]))}`)
    .join('&');
  const signed = `POST&${encode('/')}&${encode(query)}`;
  const signature = createHmac('sha1', `${accessKeySecret}&`).update(signed).digest('base64');
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `${query}&Signature=${encode(signature)}`,
  });
  const answer = await reply.json();
  if (!reply.ok) throw new ApiError(reply.status, answer);
  return answer;
}
