"use strict";

// The window that opened this one may be of any of these origins; a browser gives the message to no other.
const told = document.getElementById("told").dataset;
if (window.opener) {
  const message = JSON.parse(told.message);
  for (const origin of JSON.parse(told.origins)) {
    window.opener.postMessage(message, origin);
  }
}
