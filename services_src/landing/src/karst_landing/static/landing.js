"use strict";

const REFRESH_MS = 5000;

/** Shows how the services fare now. */
async function refresh(list) {
  let services = [];
  try {
    const response = await fetch(list.dataset.health, { cache: "no-store" });
    services = response.ok ? (await response.json()).services : [];
  } catch {
    // The server is gone: nothing is ready.
  }
  const found = new Map(services.map((service) => [service.name, service]));
  for (const state of list.querySelectorAll("[data-service]")) {
    const service = found.get(state.dataset.service);
    const text = service?.ready ? "ready" : service ? "waiting" : "no answer";
    state.textContent = text;
    state.title = service?.missing ?? "";
    state.className = `state ${text === "ready" ? "ready" : "waiting"}`;
  }
}

const list = document.querySelector("[data-health]");
if (list) {
  setInterval(() => document.hidden || refresh(list), REFRESH_MS);
}
