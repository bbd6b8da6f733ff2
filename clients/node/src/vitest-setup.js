// For vitest's `globalSetup`: one server for all files and workers.
import { Server } from './server.js';

export default async function setup(project) {
  const server = await Server.fromEnvironment();
  project.provide('diskdock', { url: server.url, adminToken: server.adminToken });
  return () => server.stop();
}
