// Sends the picture under an id made here, so that sending it again can never make a second reading,
// and shows the result in place. Without this script the form does the same by itself.
"use strict";

(() => {
  const form = document.getElementById("send");
  const answer = document.getElementById("answer");
  const status = document.getElementById("status");
  const button = form.querySelector("button");
  let attempt = null;

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // The same picture for the same kit keeps its id until it has been answered.
  function attemptFor(file, assay) {
    if (!attempt || attempt.file !== file || attempt.assay !== assay) attempt = { id: newId(), file, assay };
    return attempt;
  }

  function paragraph(text, className) {
    const p = document.createElement("p");
    p.textContent = text;
    if (className) p.className = className;
    return p;
  }

  function show(section) {
    answer.replaceChildren(section);
    section.scrollIntoView({ block: "start" });
    section.focus({ preventScroll: true });
  }

  function showProblem(title, advice, note) {
    const section = document.createElement("section");
    section.id = "result";
    section.className = "card problem";
    section.tabIndex = -1;
    const heading = document.createElement("h1");
    heading.textContent = title;
    section.append(heading, paragraph(advice));
    if (note) section.append(paragraph(note, "small"));
    show(section);
  }

  async function showAnswer(id) {
    const response = await fetch(`/readings/${id}`, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new TypeError("no result page");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    show(document.adoptNode(page.getElementById("result")));
    document.title = page.title;
  }

  async function send({ id, file, assay }) {
    const response = await fetch(`/v1/readings/${id}?assay=${encodeURIComponent(assay)}`, {
      method: "PUT",
      body: file,
    });
    if (response.ok) {
      await showAnswer(id);
      attempt = null;
      form.elements.image.value = "";
      return;
    }
    const problem = await response.json();
    showProblem(problem.title, problem.detail, `${problem.code} · request ${problem.request_id}`);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = form.elements.image.files[0];
    const most = Number(form.dataset.maxBytes);
    if (!file) return;
    if (file.size > most) {
      showProblem("The picture is too large.", `Send a picture of at most ${Math.floor(most / 1e6)} MB.`);
      return;
    }
    button.disabled = true;
    status.textContent = "Reading the picture …";
    try {
      await send(attemptFor(file, form.elements.assay.value));
    } catch {
      showProblem(
        "The picture did not get through.",
        "Check the connection, then press the button again. It is read only once, however often it is sent.",
      );
    } finally {
      button.disabled = false;
      status.textContent = "";
    }
  });
})();
