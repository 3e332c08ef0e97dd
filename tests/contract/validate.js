// Validates recorded pairs against the published API descriptions.
// Usage: node validate.js CONTRACT_DIRECTORY RESULTS.jsonl < pairs.jsonl (a file, since oav prints to the standard output)
// A pair is {"liveRequest": …, "liveResponse": …} as oav takes it; a result is
// {"operationId", "request": [{code, path, message}], "response": […], "failure"}: `failure` where oav found no operation.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { LiveValidator } = require("oav/dist/lib/liveValidation/liveValidator");

// One problem a place: oav names all places of one kind in one error.
function problems(result) {
  return (result.errors || []).flatMap((error) => {
    const places = error.pathsInPayload && error.pathsInPayload.length ? error.pathsInPayload : [""];
    return places.map((place) => ({ code: error.code, path: place, message: error.message }));
  });
}

async function main() {
  const validator = new LiveValidator({
    directory: path.resolve(process.argv[2]),
    swaggerPathsPattern: ["specification/*/resource-manager/**/*.json"],
    excludedSwaggerPathsPattern: ["**/examples/**"],
    isPathCaseSensitive: false,
  });
  await validator.initialize();
  const results = fs.openSync(process.argv[3], "w");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line) continue;
    const result = await validator.validateLiveRequestResponse(JSON.parse(line));
    const failure = result.runtimeException || result.requestValidationResult.runtimeException;
    const output = {
      operationId: result.requestValidationResult.operationInfo?.operationId || "",
      request: problems(result.requestValidationResult),
      response: problems(result.responseValidationResult),
      failure: failure ? `${failure.code}: ${failure.message}` : "",
    };
    fs.writeSync(results, JSON.stringify(output) + "\n");
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
