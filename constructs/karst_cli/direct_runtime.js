// Lets the toolkit's runtime, program.js beside this file, answer Python itself: its lines come in by standard input and
// go out by standard output. What the toolkit prints goes to standard error, packed as Python's side expects it.
"use strict";

const { writeSync } = require("node:fs");
const { Writable } = require("node:stream");

const STANDARD_ERROR = 2;

for (const name of ["stdout", "stderr"]) {
  const packed = new Writable({
    write(chunk, encoding, done) {
      writeSync(STANDARD_ERROR, `${JSON.stringify({ [name]: Buffer.from(chunk, encoding).toString("base64") })}\n`);
      done();
    },
  });
  // Never touch the streams that this replaces: they would make their files non-blocking.
  Object.defineProperty(process, name, { value: packed });
}

require("./program.js");
