// A server: one that is started here, or one that runs already.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Controls } from './controls.js';
import { program } from './program.js';
import { World } from './world.js';

const CHILD = ['serve', '--ephemeral', '--child', '--quiet', '--listen', '127.0.0.1:0'];

export class Server {
  #process;

  constructor({ url, adminToken, process: child } = {}) {
    this.#process = child;
    this.url = (url.includes('://') ? url : `http://${url}`).replace(/\/$/, '');
    this.adminToken = adminToken;
    this.controls = new Controls(`${this.url}/_diskdock`, adminToken);
  }

  /** Starts a server that ends with this process; `options` are those of `diskdock serve`. */
  static async start(options = []) {
    // It ends when its standard input does, even if this process is killed.
    const child = spawn(program(), [...CHILD, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`diskdock ended with exit code ${code}`)));
    });
    ended.catch(() => {});
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([once(lines, 'line'), ended]);
    const { endpoint, admin_token } = JSON.parse(line);
    for (const stream of [child, child.stdin, child.stdout]) stream.unref();
    return new Server({ url: endpoint, adminToken: admin_token, process: child });
  }

  /** The server that DISKDOCK_ENDPOINT names, as `diskdock exec` sets it; else a new one. */
  static async fromEnvironment(options) {
    const { DISKDOCK_ENDPOINT: url, DISKDOCK_ADMIN_TOKEN: adminToken } = process.env;
    return url ? new Server({ url, adminToken }) : Server.start(options);
  }

  /** A new world: empty, or a copy of the world `from`. */
  async world({ name, from } = {}) {
    return new World(this, await this.controls.post('/worlds', { name, from }));
  }

  /** Ends the server, if it was started here. */
  async stop() {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    child.ref();
    const gone = once(child, 'exit');
    child.stdin.end();
    await gone;
  }
}
