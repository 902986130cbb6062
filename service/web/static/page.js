// Keeps each picture on this device under an id made here, sends it, and shows the result in place; without a
// connection it waits in the outbox. Without this script the form does the sending by itself.
"use strict";

(() => {
  // What the reader accepts. Only more than that is made smaller: of 45 photos of 7 to 20 megapixels that were
  // drawn again at 3,000 pixels a side, 8 were read worse, 3 of them wrongly.
  const MOST_PIXELS = 50e6;
  const LONGEST_SIDE = 12000;
  const JPEG_QUALITY = 0.95;
  const AGAIN_MS = 15000;
  const REMEMBERED = ["assay", "lot", "operator"]; // never the patient: the next one is another
  const form = document.getElementById("send");
  const fields = form.elements;
  const answer = document.getElementById("answer");
  const status = document.getElementById("status");
  const button = form.querySelector("button");
  const outbox = document.getElementById("outbox");
  const words = Object.fromEntries(
    Array.from(document.getElementById("words").content.children, (p) => [p.dataset.key, p.textContent]),
  );
  let chosen = null;
  let unkept = null;
  let told = null; // the id and state of the kept picture that the card above speaks of

  function say(key, values = {}) {
    const isolated = document.documentElement.dir === "rtl" ? (text) => `\u2068${text}\u2069` : (text) => text;
    return words[key].replace(/{(\w+)}/g, (_, name) => isolated(values[name] ?? ""));
  }

  function element(name, text, attributes = {}) {
    const made = Object.assign(document.createElement(name), attributes);
    if (text) made.textContent = text;
    return made;
  }

  function remembered(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(`lfa-${name}`);
      localStorage.setItem(`lfa-${name}`, value);
    } catch {
      // This browser keeps nothing.
    }
    return null;
  }

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // --- the picture: chosen, shown, made acceptable

  function choose(input, other) {
    if (!input.files[0]) return;
    chosen = input.files[0];
    other.value = "";
    const shown = document.getElementById("chosen");
    const image = shown.querySelector("img");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(chosen);
    image.hidden = false;
    image.onerror = () => (image.hidden = true);
    shown.hidden = false;
  }

  function chooseNone() {
    chosen = null;
    fields.camera.value = fields.image.value = fields.subject.value = "";
    document.getElementById("chosen").hidden = true;
  }

  async function acceptable(file) {
    try {
      const shown = document.querySelector("#chosen img");
      await shown.decode();
      const { naturalWidth: width, naturalHeight: height } = shown;
      const scale = Math.min(Math.sqrt(MOST_PIXELS / (width * height)), LONGEST_SIDE / Math.max(width, height));
      if (scale >= 1) return file;
      const picture = await createImageBitmap(file);
      const size = { width: Math.floor(width * scale), height: Math.floor(height * scale) };
      const canvas = element("canvas", "", size);
      const drawn = canvas.getContext("2d");
      drawn.imageSmoothingQuality = "high";
      drawn.drawImage(picture, 0, 0, size.width, size.height);
      picture.close();
      const smaller = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
      return smaller ?? file;
    } catch {
      return file; // a format that this browser does not know: the service does
    }
  }

  // --- what is told

  function show(section) {
    told = null;
    answer.replaceChildren(section);
    section.scrollIntoView({ block: "start" });
    section.focus({ preventScroll: true });
  }

  function card(title, advice, note) {
    const section = element("section", "", { id: "result", className: "card problem", tabIndex: -1 });
    section.append(element("h1", title), element("p", advice));
    if (note) section.append(element("p", note, { className: "small" }));
    show(section);
  }

  function showProblem(code, problem) {
    const known = `problem.${code}.title` in words;
    const note = problem && say("problem.number", { code, request: problem.request_id });
    card(
      known ? say(`problem.${code}.title`) : problem.title,
      known ? say(`problem.${code}.advice`) : problem.detail,
      note,
    );
  }

  async function showAnswer(id) {
    const response = await fetch(`/readings/${id}`, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new TypeError("no result page");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const result = document.adoptNode(page.getElementById("result"));
    localTimes(result);
    show(result);
    document.title = page.title;
  }

  // What was said of a kept picture is taken back once it no longer holds; nothing moves under the nurse's hands.
  function takeBack(items) {
    const item = items.find(({ id }) => id === told?.id);
    if (!told || item?.state === told.state) return;
    told = null;
    answer.replaceChildren();
    if (item?.state !== "read") return; // the list tells the rest
    const section = element("section", "", { id: "result", className: "card", tabIndex: -1 });
    const way = element("p");
    way.append(element("a", say("outbox.see"), { href: `/readings/${item.id}` }));
    section.append(element("h1", say("outbox.read")), way);
    answer.append(section);
  }

  // --- the outbox

  function entry(item) {
    const line = element("li", "", { className: item.state });
    const said = element("span");
    const kit = fields.assay.querySelector(`option[value="${item.assay}"]`)?.textContent ?? item.assay;
    const time = element("time", "", { dateTime: item.taken });
    said.append(element("strong", say(`outbox.${item.state}`)), element("br"), time, ` · ${kit}`);
    if (item.subject) said.append(" · ", element("bdi", item.subject));
    if (item.state === "refused" && `problem.${item.code}.title` in words)
      said.append(element("br"), `${say(`problem.${item.code}.title`)} ${say(`problem.${item.code}.advice`)}`);
    line.append(said);
    if (item.state === "read") line.append(element("a", say("outbox.see"), { href: `/readings/${item.id}` }));
    if (item.state === "sign-in") line.append(element("a", say("sign-in.title"), { href: "/sign-in" }));
    const waits = Outbox.isWaiting(item);
    const away = element("button", say(waits ? "outbox.remove" : "outbox.clear"), {
      type: "button",
      className: "quiet",
      onclick: () => (!waits || confirm(say("outbox.remove-sure"))) && Outbox.remove(item.id).then(list),
    });
    line.append(away);
    return line;
  }

  async function list() {
    let items = [];
    try {
      items = await Outbox.all();
    } catch {
      // This browser keeps nothing; what is sent is sent at once.
    }
    outbox.querySelector("ul").replaceChildren(...items.map(entry));
    localTimes(outbox);
    takeBack(items);
    document.getElementById("send-now").hidden = !items.some(Outbox.isWaiting);
    document.getElementById("offline").hidden = navigator.onLine;
    outbox.hidden = items.length === 0 && navigator.onLine;
    return items;
  }

  async function sendWaiting() {
    if ((await list()).some(Outbox.isWaiting)) await Outbox.sendAll();
    await list();
  }

  // --- from the button to the answer

  function describe({ type, size }) {
    const item = { id: newId(), state: "waiting", code: "", taken: new Date().toISOString(), type, size };
    for (const name of ["assay", "subject", "lot", "operator"]) item[name] = fields[name].value.trim();
    return item;
  }

  async function submit() {
    const picture = await acceptable(chosen);
    if (picture.size > Number(form.dataset.maxBytes)) return showProblem("body-too-large");
    const bytes = await picture.arrayBuffer();
    let item = describe(picture);
    try {
      const waiting = await Outbox.twin(item, bytes);
      if (!waiting) await Outbox.keep(item, bytes);
      item = waiting ?? item;
    } catch {
      return sendUnkept(item, bytes);
    }
    chooseNone();
    await finish(item.id, await Outbox.send(item.id));
  }

  // For a browser that keeps nothing: under the same id again, as long as the page is open and the picture chosen.
  async function sendUnkept(item, bytes) {
    unkept = unkept?.file === chosen && unkept.item.assay === item.assay ? unkept : { file: chosen, item };
    const { state, problem } = await Outbox.put(unkept.item, bytes);
    if (state !== "read" && state !== "refused")
      return card(say("problem.unreachable.title"), say("outbox.no-room"));
    chooseNone();
    if (state === "read") await showAnswer(unkept.item.id);
    else showProblem(problem.code, problem);
  }

  async function finish(id, { state, problem }) {
    if (state === "read") {
      try {
        await showAnswer(id);
        await Outbox.remove(id);
      } catch {
        // The reading stands; the list below leads to it.
      }
    } else if (state === "refused") {
      showProblem(problem.code, problem);
      await Outbox.remove(id);
    } else {
      const title = problem && state === "waiting" ? `problem.${problem.code}.title` : "outbox.kept-title";
      card(say(title in words ? title : "outbox.kept-title"), say(state === "sign-in" ? "outbox.sign-in" : "outbox.kept"));
      told = { id, state };
      askToKeep();
    }
    await list();
  }

  async function askToKeep() {
    try {
      await navigator.storage?.persist?.();
      await (await navigator.serviceWorker?.ready)?.sync?.register("outbox");
    } catch {
      // Then it is sent while the page is open.
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!chosen) return showProblem("no-picture");
    for (const name of REMEMBERED) remembered(name, fields[name].value);
    button.disabled = true;
    status.textContent = say("form.reading");
    try {
      await submit();
    } finally {
      button.disabled = false;
      status.textContent = "";
    }
  });

  function start() {
    document.documentElement.classList.add("scripted");
    document.getElementById("by-camera").hidden = false;
    fields.image.required = false;
    fields.camera.addEventListener("change", () => choose(fields.camera, fields.image));
    fields.image.addEventListener("change", () => choose(fields.image, fields.camera));
    const isResult = document.getElementById("result") !== null;
    for (const name of REMEMBERED) {
      const kept = remembered(name);
      const fits = name !== "assay" || [...fields.assay.options].some((option) => option.value === kept);
      if (kept && fits && !isResult) fields[name].value = kept;
    }
    document.getElementById("send-now").addEventListener("click", sendWaiting);
    addEventListener("online", sendWaiting);
    addEventListener("offline", list);
    document.addEventListener("visibilitychange", () => document.hidden || sendWaiting());
    Outbox.news?.addEventListener("message", list);
    setInterval(sendWaiting, AGAIN_MS);
    sendWaiting();
    navigator.serviceWorker?.register("/service-worker.js");
  }

  start();
})();
