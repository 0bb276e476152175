/** What is in the form, kept in this browser, so that a reload loses nothing. */

const Name = "locutor";
const Store = "draft";
const Key = "form";

function open() {
  return new Promise((done, fail) => {
    const request = indexedDB.open(Name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(Store);
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

async function run(mode, act) {
  const database = await open();
  try {
    return await new Promise((done, fail) => {
      const request = act(database.transaction(Store, mode).objectStore(Store));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });
  } finally {
    database.close();
  }
}

// A browser in private mode may refuse; the page then only forgets.
export const load = () => run("readonly", store => store.get(Key)).catch(() => undefined);
export const save = draft => run("readwrite", store => store.put(draft, Key)).catch(() => {});
export const forget = () => run("readwrite", store => store.delete(Key)).catch(() => {});
