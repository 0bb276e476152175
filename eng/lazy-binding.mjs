// node lazy-binding.mjs FOLDER LIBRARY...: copies shared libraries into a folder. The loader looks for the functions that a copy calls when
// they are called first, and not when a program starts. A copy that is as old and as long as its library is kept. Libraries that are bound
// lazily anyway, and those for other processors than x86-64, are not copied.
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

// Names and numbers of the ELF format, see elf.h.
const x64 = 62, dynamic = 2, readOnlyAfterStart = 0x6474e552;
const bindNow = 24, flags = 30, moreFlags = 0x6ffffffb, unknown = 0x6ffffeff;

// Removes the flags for eager binding (DT_BIND_NOW, DF_BIND_NOW, DF_1_NOW), and the segment that makes the table of functions read-only, since
// the loader now writes to it later. Returns false if the library has no such flag.
function bindLazily(library) {
  if (library.readUInt32BE(0) !== 0x7f454c46 || library.readUInt16LE(18) !== x64) return false;
  const table = Number(library.readBigUInt64LE(32)), size = library.readUInt16LE(54);
  let eager = false;
  for (let i = 0; i < library.readUInt16LE(56); i++) {
    const head = table + i * size, type = library.readUInt32LE(head);
    if (type === readOnlyAfterStart) library.writeUInt32LE(0, head);
    if (type !== dynamic) continue;
    const start = Number(library.readBigUInt64LE(head + 8)), end = start + Number(library.readBigUInt64LE(head + 32));
    for (let entry = start; entry < end; entry += 16) {
      const tag = Number(library.readBigUInt64LE(entry)), value = library.readUInt32LE(entry + 8);
      if (tag === 0) break;
      const now = tag === flags ? 8 : tag === moreFlags ? 1 : 0;
      if (value & now) library.writeUInt32LE(value - now, entry + 8);
      if (tag === bindNow) library.writeUInt32LE(unknown, entry);
      eager ||= tag === bindNow || (value & now) !== 0;
    }
  }
  return eager;
}

const [folder, ...libraries] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const name of libraries) {
  const path = realpathSync(name), copy = join(folder, basename(name)), { mtime, size } = statSync(path);
  if (existsSync(copy) && statSync(copy).size === size && statSync(copy).mtime.getTime() === mtime.getTime()) continue;
  const library = readFileSync(path);
  if (!bindLazily(library)) {
    rmSync(copy, { force: true }); // of an older library of that name
    continue;
  }
  writeFileSync(`${copy}.${process.pid}`, library, { mode: 0o755 });
  utimesSync(`${copy}.${process.pid}`, mtime, mtime);
  renameSync(`${copy}.${process.pid}`, copy);
}
