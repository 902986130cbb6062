// Lets the page open without a connection, and sends what waits once there is one. The service puts VERSION and
// SHELL before this text. Results and pictures of tests are never kept by it.
"use strict";

/* global VERSION, SHELL, Outbox */
const PATIENCE_MS = 4000; // how long a page may take on a bad line before the kept one is shown
importScripts(SHELL.find((address) => address.startsWith("/static/outbox.js")));

async function keepPage(response) {
  if (response.ok && !response.redirected) await (await caches.open(VERSION)).put("/", response);
}

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      await (await caches.open(VERSION)).addAll(SHELL);
      await keepPage(await fetch("/"));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith("lfa-") && name !== VERSION);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

async function page(event) {
  const url = new URL(event.request.url);
  const asked = fetch(event.request);
  if (url.pathname !== "/") return asked.catch(() => Response.redirect("/", 302));
  const kept = await caches.match("/");
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  const fresh = asked.then((response) => {
    event.waitUntil(keepPage(response.clone()));
    return response;
  });
  return Promise.race([fresh.catch(() => kept), late]);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (pathname.startsWith("/static/"))
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});

self.addEventListener("sync", (event) => {
  if (event.tag === "outbox")
    event.waitUntil(
      Outbox.sendAll().then((reached) => {
        if (!reached) throw new Error("not reached"); // the browser tries again later
      }),
    );
});
