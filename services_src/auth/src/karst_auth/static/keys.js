"use strict";

// The key stands in this page only: the file is made here, not by the server.
for (const button of document.querySelectorAll("button[data-file]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([button.dataset.content], { type: "application/json" }));
    link.download = button.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
