// Pictures wait here, in the browser's own database, until the service has answered for them. Each has an id
// made on this device, under which it is sent however often, so it can never become two readings.
// Used by the page, and by the service worker when the page is closed.
"use strict";

(() => {
  const LONGEST_SEND_MS = 660000; // a little more than the service waits for a body
  const REFUSED = new Set([400, 409, 410, 413, 415, 422]); // for good: the picture itself is not accepted
  const FULL = new Set([429, 503, 507]); // nothing else is accepted just now either
  const news = "BroadcastChannel" in self ? new BroadcastChannel("lfa-outbox") : null;

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open("lfa-outbox", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("items", { keyPath: "id" });
        asked.result.createObjectStore("pictures"); // apart, so that the list is read without them
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  // Resolves once what was written is on the disk.
  async function use(mode, work) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(["items", "pictures"], mode, { durability: "strict" });
        const asked = work(transaction.objectStore("items"), transaction.objectStore("pictures"));
        transaction.oncomplete = () => resolve(asked.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }

  const get = (id) => use("readonly", (items) => items.get(id));
  const picture = (id) => use("readonly", (_, pictures) => pictures.get(id));
  const all = async () =>
    (await use("readonly", (items) => items.getAll())).sort((a, b) => a.taken.localeCompare(b.taken));

  async function change(work) {
    await use("readwrite", work);
    news?.postMessage("changed");
  }

  const keep = (item, bytes) =>
    change((items, pictures) => {
      pictures.put(bytes, item.id);
      return items.put(item);
    });

  // An answer lets the picture go; whatever was removed meanwhile stays away.
  const note = (id, state, code) =>
    change((items, pictures) => {
      if (state === "read" || state === "refused") pictures.delete(id);
      const asked = items.get(id);
      asked.onsuccess = () => asked.result && items.put({ ...asked.result, state, code });
      return asked;
    });

  const remove = (id) =>
    change((items, pictures) => {
      pictures.delete(id);
      return items.delete(id);
    });

  const isWaiting = (item) => item.state === "waiting" || item.state === "sign-in";

  function sameBytes(one, other) {
    const [a, b] = [new Uint8Array(one), new Uint8Array(other)];
    return a.length === b.length && a.every((byte, k) => byte === b[k]);
  }

  // The item that already waits, if it is the same picture for the same test.
  async function twin(item, bytes) {
    const told = ["assay", "subject", "lot", "operator", "size"];
    for (const other of await all()) {
      const alike = isWaiting(other) && told.every((name) => other[name] === item[name]);
      if (alike && sameBytes(bytes, await picture(other.id))) return other;
    }
    return null;
  }

  function address(item) {
    const query = new URLSearchParams({ assay: item.assay, taken_at: item.taken });
    for (const name of ["subject", "lot", "operator"]) if (item[name]) query.set(name, item[name]);
    return `/v1/readings/${item.id}?${query}`;
  }

  // Tells {state, problem, full}. Only the service's own document counts as an answer: what a hotel's or an
  // operator's network puts in its place does not.
  async function put(item, bytes) {
    let response, answer;
    try {
      response = await fetch(address(item), {
        method: "PUT",
        body: new Blob([bytes], { type: item.type }),
        redirect: "error",
        signal: "timeout" in AbortSignal ? AbortSignal.timeout(LONGEST_SEND_MS) : undefined,
      });
      answer = await response.json();
    } catch {
      return { state: "waiting", full: true };
    }
    if (response.ok && answer.schema === "lfa-reading/1") return { state: "read" };
    if (response.ok || !answer.code) return { state: "waiting", full: true };
    if (response.status === 401 || response.status === 403) return { state: "sign-in", problem: answer, full: true };
    if (REFUSED.has(response.status)) return { state: "refused", problem: answer };
    return { state: "waiting", problem: answer, full: FULL.has(response.status) };
  }

  const alone = (id, work) => (navigator.locks ? navigator.locks.request(`lfa-outbox-${id}`, work) : work());

  // Sends one picture and notes what became of it.
  function send(id) {
    return alone(id, async () => {
      const item = await get(id);
      if (!item || !isWaiting(item)) return { state: item?.state };
      const answer = await put(item, await picture(id));
      await note(id, answer.state, answer.problem?.code ?? "");
      return answer;
    });
  }

  // Sends what waits, the oldest first, until nothing more is accepted; tells whether all of it was answered.
  async function sendAll() {
    let answered = true;
    for (const item of (await all()).filter(isWaiting)) {
      const { state, full } = await send(item.id);
      if (full) return false;
      answered &&= state !== "waiting";
    }
    return answered;
  }

  self.Outbox = { all, isWaiting, keep, news, put, remove, send, sendAll, twin };
})();
