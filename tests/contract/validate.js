// Validates recorded pairs against the published API descriptions.
// Usage: node validate.js CONTRACT_DIRECTORY < pairs.jsonl > results.jsonl
// A pair is {"liveRequest": …, "liveResponse": …} as oav takes it; a result is
// {"operationId", "request": [{code, path, message}], "response": […], "failure"}: `failure` where oav found no operation.
"use strict";

const path = require("node:path");
const readline = require("node:readline");
const { LiveValidator } = require("oav/dist/lib/liveValidation/liveValidator");

function problems(result) {
  return (result.errors || []).map((error) => ({
    code: error.code,
    path: (error.pathsInPayload || []).join(" "),
    message: error.message,
  }));
}

async function main() {
  const validator = new LiveValidator({
    directory: path.resolve(process.argv[2]),
    swaggerPathsPattern: ["specification/*/resource-manager/**/*.json"],
    excludedSwaggerPathsPattern: ["**/examples/**"],
    isPathCaseSensitive: false,
  });
  await validator.initialize();
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
    process.stdout.write(JSON.stringify(output) + "\n");
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
