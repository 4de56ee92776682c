/**
 * Loads a packed file with the code that V8 has made of it before, which takes a fraction of the time.
 *
 * That code is kept beside the file, in `<file>.cache`: whoever can write there can change the file
 * itself, so that the cache opens no door. It is only ever a copy:
 *
 * 1. One that is damaged, or of another file, is not used: V8 itself looks at neither.
 * 2. One of another V8, or of other flags, V8 refuses.
 * 3. One that cannot be written, in a folder that is read-only, is done without.
 * 4. One that is half written is never seen: it gets its name when it is whole.
 */
'use strict';
const { readFileSync, renameSync, rm, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

/** Before the code: the checksums of the file that it was made of, and of itself. */
const HEAD_BYTES = 8;
/** By then the first clients have been answered, so that what answered them is in the cache. */
const KEEP_AFTER_MS = 1000;

/** @returns what the file exports, and `keep`, to be called when it does what it is there for */
function load(file) {
  const bytes = readFileSync(file);
  const cache = `${file}.cache`;
  const source = crc32(bytes);
  const cachedData = readCache(cache, source);
  // The build has seen to it that every character is a byte, and that it is the function that is called here.
  const script = new Script(bytes.latin1Slice(), { filename: file, cachedData });
  const module = { exports: {} };
  // Code of a cache cannot import by itself: V8 does not tell Node whose it is.
  const importThere = (name) => import(new URL(name, pathToFileURL(file)));
  const run = script.runInThisContext();
  run(module.exports, createRequire(file), module, file, dirname(file), importThere);
  const keep = () => {
    if (cachedData && !script.cachedDataRejected) return;
    setTimeout(() => writeCache(cache, source, script.createCachedData()), KEEP_AFTER_MS).unref();
  };
  return { exports: module.exports, keep };
}

function readCache(cache, source) {
  try {
    const bytes = readFileSync(cache);
    const code = bytes.subarray(HEAD_BYTES);
    const isWhole = bytes.readUInt32LE(0) === source && bytes.readUInt32LE(4) === crc32(code);
    return isWhole ? code : undefined;
  } catch {
    return undefined; // there is none, or none that can be read: it is only a copy
  }
}

function writeCache(cache, source, code) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(source, 0);
  head.writeUInt32LE(crc32(code), 4);
  const half = `${cache}.${process.pid}`;
  try {
    writeFileSync(half, Buffer.concat([head, code]));
    renameSync(half, cache);
  } catch {
    rm(half, () => {}); // it may not even be there; the next start takes longer, no more
  }
}

module.exports = { load };
