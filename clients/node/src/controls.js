// The server's controls: JSON in, JSON out.

/** A control that was refused. */
export class ControlError extends Error {
  constructor(status, { error, hint }) {
    super(hint ? `${error}. ${hint}` : error);
    this.name = 'ControlError';
    this.status = status;
    this.hint = hint;
  }
}

export class Controls {
  constructor(base, adminToken) {
    this.base = base;
    this.adminToken = adminToken;
  }

  below(path) {
    return new Controls(this.base + path, this.adminToken);
  }

  get(path) {
    return this.#ask('GET', path);
  }

  post(path, body = {}) {
    return this.#ask('POST', path, body);
  }

  put(path, body) {
    return this.#ask('PUT', path, body);
  }

  delete(path) {
    return this.#ask('DELETE', path);
  }

  async #ask(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    if (this.adminToken) headers['x-diskdock-token'] = this.adminToken;
    const reply = await fetch(this.base + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await reply.json();
    if (!reply.ok) throw new ControlError(reply.status, answer);
    return answer;
  }
}
