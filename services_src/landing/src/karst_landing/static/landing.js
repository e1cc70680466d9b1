"use strict";

const REFRESH_MS = 5000;

/** Copies the text of the element that the button names, and says so. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const said = document.getElementById("token-said");
  try {
    await navigator.clipboard.writeText(source.textContent);
    said.textContent = "Copied.";
  } catch {
    // Browsers let pages write to the clipboard over HTTPS and on localhost only.
    getSelection().selectAllChildren(source);
    said.textContent = "Selected: press Ctrl-C to copy.";
  }
}

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

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", () => copy(button));
}
const list = document.querySelector("[data-health]");
if (list) {
  setInterval(() => document.hidden || refresh(list), REFRESH_MS);
}
