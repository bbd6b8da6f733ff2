export { ApiError } from './api.js';
export { ControlError } from './controls.js';
export { program } from './program.js';
export { Server } from './server.js';
export { World } from './world.js';
