/** The path of the program. */
export function program(): string;

/** A call that the API refused. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
}

/** A control that was refused. */
export class ControlError extends Error {
  readonly status: number;
  readonly hint: string;
}

export interface ServerAddress {
  url: string;
  adminToken?: string;
}

export class Server {
  constructor(address: ServerAddress);
  readonly url: string;
  readonly adminToken?: string;
  /** Starts a server that ends with this process; `options` are those of `diskdock serve`. */
  static start(options?: readonly string[]): Promise<Server>;
  /** The server that DISKDOCK_ENDPOINT names; else a new one. */
  static fromEnvironment(options?: readonly string[]): Promise<Server>;
  /** A new world: empty, or a copy of the world `from`. */
  world(order?: { name?: string; from?: string }): Promise<World>;
  /** Ends the server, if it was started here. */
  stop(): Promise<void>;
}

export type Transition =
  | 'create' | 'attach' | 'detach' | 'resize' | 'modify' | 'snapshot' | 'start' | 'stop' | 'reboot';

export interface Rule {
  transition?: Transition;
  disk?: string;
  instance?: string;
  times?: number;
  behaviour: { do: 'hold' | 'refuse' | 'never' } | { do: 'take'; milliseconds: number };
}

export interface Fault {
  action?: string;
  skip?: number;
  times?: number;
  fault:
    | { do: 'answer'; code: string }
    | { do: 'throttle' | 'drop_reply' | 'twice' }
    | { do: 'slow'; milliseconds: number };
}

export interface Selection {
  disk?: string;
  instance?: string;
}

export type Parameters = Record<string, string | number | boolean | readonly string[]>;

/** One world of a server: disks, instances, clock, rules and faults that no other test sees. */
export class World {
  private constructor();
  readonly name: string;
  /** Such as http://127.0.0.1:5260. */
  readonly url: string;
  /** Such as 127.0.0.1:5260, as SDKs take it. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly clock: {
    now(): Promise<Date>;
    hold(): Promise<unknown>;
    release(): Promise<unknown>;
    advance(milliseconds: number): Promise<unknown>;
  };
  readonly rules: { add(rule: Rule): Promise<unknown>; clear(): Promise<unknown> };
  readonly faults: { add(fault: Fault): Promise<unknown>; clear(): Promise<unknown> };
  /** Calls an action. RegionId is cn-hangzhou unless given; lists are sent as JSON arrays. */
  call(action: string, parameters?: Parameters): Promise<any>;
  /** A disk as DescribeDisks shows it; undefined if there is no such disk. */
  disk(id: string, parameters?: Parameters): Promise<any>;
  /** Waits until the disk has this status, and gives the disk. */
  waitFor(id: string, status: string, options?: { timeoutMs?: number }): Promise<any>;
  /** Lets operations in flight succeed. */
  finish(selection?: Selection): Promise<unknown>;
  /** Lets operations in flight fail, as if the guest refused. */
  refuse(selection?: Selection): Promise<unknown>;
  /** Has operations in flight tried again now. */
  step(selection?: Selection): Promise<unknown>;
  pause(instanceId: string): Promise<unknown>;
  resume(instanceId: string): Promise<unknown>;
  kill(instanceId: string): Promise<unknown>;
  lock(instanceId: string, reason?: string): Promise<unknown>;
  unlock(instanceId: string): Promise<unknown>;
  /** How long transitions take: `fast`, `cloud`, or a duration such as `2s`. */
  pace(pace: string): Promise<unknown>;
  operations(): Promise<any[]>;
  export(): Promise<any>;
  /** Replaces everything in this world by an export. */
  load(state: unknown): Promise<unknown>;
  /** A copy of this world with all that is under way in it. */
  fork(name?: string): Promise<World>;
  delete(): Promise<unknown>;
}
