/** The modules that Lua programs see. */
import type { LuaModule } from '../module.js';
import { base64Module } from './base64.js';
import { channelModule } from './channel.js';
import { coroutineModule } from './coroutine.js';
import { cryptoModule } from './crypto.js';
import { ctxModule } from './ctx.js';
import { envModule } from './env.js';
import { errorsModule } from './errors.js';
import { funcsModule } from './funcs.js';
import { httpClientModule } from './http-client.js';
import { jsonModule } from './json.js';
import { loggerModule } from './logger.js';
import { processModule } from './process.js';
import { timeModule } from './time.js';
import { uuidModule } from './uuid.js';
import { workflowModule } from './workflow.js';

/** Every module of this version. */
export function standardModules(): readonly LuaModule[] {
  return [
    processModule,
    channelModule,
    coroutineModule,
    errorsModule,
    timeModule,
    funcsModule,
    workflowModule,
    ctxModule,
    jsonModule,
    uuidModule,
    cryptoModule,
    base64Module,
    loggerModule,
    envModule,
    httpClientModule,
  ];
}
