"use strict";

/** Copies the text of the element that the button names, and says so beside it. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const said = document.getElementById(`${button.dataset.copy}-said`);
  try {
    await navigator.clipboard.writeText(source.textContent);
    said.textContent = "Copied.";
  } catch {
    // Browsers let pages write to the clipboard over HTTPS and on localhost only.
    getSelection().selectAllChildren(source);
    said.textContent = "Selected: press Ctrl-C to copy.";
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", () => copy(button));
}
