/*
 * The bytes of files that are on their way out. In IndexedDB, so that they outlive a reload; before one may keep anything,
 * and where the browser closes it, in memory only. Nothing here ever fails: a file that is not there is null.
 */

const STORE = "files";

export class Blobs {
  constructor(name) {
    this.name = `makegood:${name}`;
    this.memory = new Map();
    this.database = null; // a promise, once we may keep
  }

  /** Keep from now on, what is in memory included. */
  open() {
    if (this.database) return;
    this.database = openDatabase(this.name);
    for (const [key, blob] of this.memory) this.write((store) => store.put(blob, key));
  }

  close() {
    this.write((store) => store.clear());
    this.database = null;
  }

  put(key, blob) {
    this.memory.set(key, blob);
    this.write((store) => store.put(blob, key));
  }

  async get(key) {
    return this.memory.get(key) || (await this.read((store) => store.get(key))) || null;
  }

  remove(key) {
    this.memory.delete(key);
    this.write((store) => store.delete(key));
  }

  /** Forget what no message waits for any more, such as what was attached and never sent. */
  async keepOnly(keys) {
    const known = (await this.read((store) => store.getAllKeys())) || [];
    known.filter((key) => !keys.includes(key) && !this.memory.has(key)).forEach((key) => this.remove(key));
  }

  write(change) {
    this.read(change, "readwrite");
  }

  async read(question, mode = "readonly") {
    try {
      const database = await this.database;
      return await (database && promised(question(database.transaction(STORE, mode).objectStore(STORE))));
    } catch {
      return null; // closed or full: memory does
    }
  }
}

function openDatabase(name) {
  try {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    return promised(opening).catch(() => null);
  } catch {
    return Promise.resolve(null);
  }
}

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
