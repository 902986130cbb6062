// Pictures wait here, in the browser's own database, until the service has answered for them. Each has an id
// made on this device, under which it is sent however often, so it can never become two readings.
// Used by the page, and by the service worker when the page is closed.
"use strict";

(() => {
  const STORE = "pictures";
  const LONGEST_SEND_MS = 660000; // a little more than the service waits for a body
  const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 507]);
  const news = "BroadcastChannel" in self ? new BroadcastChannel("lfa-outbox") : null;

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open("lfa-outbox", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  async function use(mode, work) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(STORE, mode, { durability: "strict" });
        const asked = work(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(asked.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }

  const get = (id) => use("readonly", (store) => store.get(id));
  const all = async () =>
    (await use("readonly", (store) => store.getAll())).sort((a, b) => a.taken.localeCompare(b.taken));

  async function keep(item) {
    await use("readwrite", (store) => store.put(item));
    news?.postMessage("changed");
  }

  async function remove(id) {
    await use("readwrite", (store) => store.delete(id));
    news?.postMessage("changed");
  }

  const sameBytes = (a, b) => a.length === b.length && a.every((byte, k) => byte === b[k]);

  // The picture that already waits, if this is the same one for the same test.
  async function twin(item) {
    const bytes = new Uint8Array(item.bytes);
    const alike = (other) =>
      ["assay", "subject", "lot", "operator"].every((name) => other[name] === item[name]) &&
      sameBytes(new Uint8Array(other.bytes), bytes);
    return (await all()).find((other) => isWaiting(other) && alike(other));
  }

  const isWaiting = (item) => item.state === "waiting" || item.state === "sign-in";

  function address(item) {
    const query = new URLSearchParams({ assay: item.assay, taken_at: item.taken });
    for (const name of ["subject", "lot", "operator"]) if (item[name]) query.set(name, item[name]);
    return `/v1/readings/${item.id}?${query}`;
  }

  // Tells {state, problem}. Only the service's own document counts as an answer: what a hotel's or an
  // operator's network puts in its place does not.
  async function put(item) {
    let response, answer;
    try {
      response = await fetch(address(item), {
        method: "PUT",
        body: new Blob([item.bytes], { type: item.type }),
        redirect: "error",
        signal: "timeout" in AbortSignal ? AbortSignal.timeout(LONGEST_SEND_MS) : undefined,
      });
      answer = await response.json();
    } catch {
      return { state: "waiting" };
    }
    if (response.ok) return { state: answer.schema === "lfa-reading/1" ? "read" : "waiting" };
    if (response.status === 401) return { state: "sign-in", problem: answer };
    if (PASSING.has(response.status)) return { state: "waiting", problem: answer };
    return { state: answer.code ? "refused" : "waiting", problem: answer };
  }

  const alone = (id, work) =>
    navigator.locks ? navigator.locks.request(`lfa-outbox-${id}`, work) : work(true);

  // Sends one picture and notes what became of it; the picture itself is let go when it was answered.
  function send(id) {
    return alone(id, async () => {
      const item = await get(id);
      if (!item || !isWaiting(item)) return { state: item?.state };
      const { state, problem } = await put(item);
      if (await get(id)) {
        const done = state === "read" || state === "refused";
        await keep({ ...item, state, code: problem?.code ?? "", bytes: done ? null : item.bytes });
      }
      return { state, problem };
    });
  }

  // Sends what waits, the oldest first, until the service cannot be reached.
  async function sendAll() {
    for (const item of await all()) {
      if (isWaiting(item)) {
        const { state, problem } = await send(item.id);
        if ((state === "waiting" && !problem) || state === "sign-in") return false;
      }
    }
    return true;
  }

  self.Outbox = { all, isWaiting, keep, news, put, remove, send, sendAll, twin };
})();
