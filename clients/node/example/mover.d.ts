export interface Client {}
export function connect(endpoint: string, accessKeyId: string, accessKeySecret: string): Client;
export function move(client: Client, diskId: string, source: string, target: string): Promise<void>;
export function statusOf(client: Client, diskId: string): Promise<string>;
