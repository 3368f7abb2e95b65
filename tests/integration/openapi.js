// SPDX-License-Identifier: BSD-3-Clause
// openapi.js YAML BASE FOLDER BOOK DOMAIN - asks a control endpoint all it is there for and much that it is not, and holds each
// question and answer against the document. FOLDER has the certificates and book.json. TAP.
"use strict";
const fs = require("fs"), https = require("https");
const SwaggerParser = require("@apidevtools/swagger-parser");
const RequestValidator = require("openapi-request-validator").default;
const ResponseValidator = require("openapi-response-validator").default;

const [yaml, base, folder, book, domain] = process.argv.slice(2);
const read = (name) => fs.readFileSync(`${folder}/${name}`);
const document = read("book.json");
let count = 0, api;

function report(title, problems) {
	console.log(`${problems.length ? "not ok" : "ok"} ${++count} - ${title}`);
	problems.forEach((p) => console.log(`# ${String(p).replace(/\n/g, " ").slice(0, 300)}`));
}

function ask(method, path, body, headers, client) {
	return new Promise((resolve, reject) => {
		const request = https.request(base + path, { method, ca: read("ca.pem"), cert: read(`${client}.pem`), key: read(`${client}.key`),
			minVersion: "TLSv1.3", agent: false, headers: { ...headers, ...(body && { "content-length": body.length }) } }, (answer) => {
			const parts = [];
			answer.on("data", (part) => parts.push(part));
			answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }));
			answer.on("error", reject);
		});
		request.on("error", reject);
		request.end(body);
	});
}

// The operation of the document that a path and a method are, its parameters filled in.
function operation(method, path) {
	for (const [template, item] of Object.entries(api.paths)) {
		const names = [...template.matchAll(/{(\w+)}/g)].map((m) => m[1]);
		const found = new RegExp(`^${template.replace(/{\w+}/g, "([^/]+)")}$`).exec(path);
		if (found && item[method.toLowerCase()])
			return { ...item[method.toLowerCase()], parameters: item.parameters, path: Object.fromEntries(names.map((n, i) => [n, found[i + 1]])) };
		if (found) // another method: what is said of its answers is said at the one there is
			return { ...(item.put || item.get), parameters: item.parameters, other: true };
	}
	return null;
}

function parsed(text) {
	try { return JSON.parse(text); } catch { return undefined; }
}

function judgeRequest(op, headers, body) {
	const params = { ...op.path, book: Number(op.path.book) };
	return new RequestValidator({ parameters: op.parameters, requestBody: op.requestBody })
		.validateRequest({ params, headers: { "content-type": "application/json", ...headers }, body: parsed(body), query: {} });
}

function judgeAnswer(op, answer) {
	const said = op.responses[answer.status], problems = [];
	if (!said)
		return [`the document knows no status ${answer.status} here`];
	const type = (answer.headers["content-type"] || "").split(";")[0], schema = said.content && said.content[type] && said.content[type].schema;
	if (said.content && !schema)
		problems.push(`the document knows no ${type} with status ${answer.status}`);
	if (schema) {
		const wrong = new ResponseValidator({ responses: { [answer.status]: { ...said, content: { "application/json": { schema } } } } })
			.validateResponse(String(answer.status), parsed(answer.body));
		problems.push(...(wrong ? wrong.errors.map((e) => `${e.path}: ${e.message}`) : []));
	}
	for (const [name, header] of Object.entries(said.headers || {}))
		if (header.required && answer.headers[name.toLowerCase()] === undefined)
			problems.push(`no header ${name}`);
	return problems;
}

// A question and its answer: the status, the answer as the document has it, and whether the question is one.
async function one(title, status, method, path, { body, good = true, client = "provisioner", also } = {}) {
	const headers = { "x-correlator": `check-${count}`, ...(body && { "content-type": "application/json" }) };
	const op = operation(method, path), problems = [];
	try {
		const answer = await ask(method, path, body, headers, client);
		if (answer.status !== status)
			problems.push(`status ${answer.status}, expected ${status}: ${answer.body}`);
		if (!op || op.path === undefined && !op.other)
			problems.push("the document has no such path");
		problems.push(...judgeAnswer(op, answer));
		if (!op.other && op.path && !judgeRequest(op, headers, body) !== good)
			problems.push(good ? `the document refuses the question: ${JSON.stringify(judgeRequest(op, headers, body).errors.slice(0, 3))}` : "the document has nothing against the question");
		if (status < 413 && answer.headers["x-correlator"] !== headers["x-correlator"])
			problems.push(`x-correlator came back as ${answer.headers["x-correlator"]}`);
		problems.push(...(also ? also(answer) : []));
	} catch (error) {
		problems.push(error);
	}
	report(title, problems);
}

async function all() {
	const edit = (change) => { const copy = JSON.parse(document); change(copy); return Buffer.from(JSON.stringify(copy)); };
	const books = `/domains/${domain}/books`, here = `${books}/${book}`, next = Number(book) + 1;
	const reason = (name) => (answer) => parsed(answer.body).reasons.some((r) => r.reason === name) ? [] : [`no reason ${name}: ${answer.body}`];
	const refuse = { status: 422, method: "PUT" };

	try {
		await SwaggerParser.validate(yaml);
		report("the document is OpenAPI 3.0", JSON.stringify((await SwaggerParser.parse(yaml)).openapi) === '"3.0.3"' ? [] : ["not 3.0.3"]);
	} catch (error) {
		report("the document is OpenAPI 3.0", [error]);
	}
	api = await SwaggerParser.dereference(yaml);
	const put = operation("PUT", here), json = { "content-type": "application/json" };
	for (const [title, answer] of [["a state that is none", { status: 200, headers: json, body: JSON.stringify({ format: "mdshim-answer-1", domain,
		book: 1, digest: "0".repeat(64), state: "perhaps" }) }], ["a code in an answer", { status: 200, headers: json, body: JSON.stringify({
		format: "mdshim-answer-1", domain, book: 1, digest: "0".repeat(64), state: "accepted", c: "0".repeat(32) }) }],
		["a status that is not foreseen", { status: 418, headers: json, body: "{}" }], ["another type", { status: 200, headers: { "content-type": "text/html" }, body: "" }]])
		report(`the validator finds out: ${title}`, judgeAnswer(put, answer).length ? [] : ["it has nothing against it"]);
	await one("nothing is kept at first", 200, "GET", books, { also: (a) => parsed(a.body).books.length ? ["there are books"] : [] });
	await one("what mdprovisiond offers is accepted", 200, "PUT", here, { body: document });
	await one("the same again", 200, "PUT", here, { body: document });
	await one("what is kept, without codes", 200, "GET", books, { also: (a) => /"c"|"key"|[0-9a-f]{32}/.test(a.body) ? ["secrets"] : [] });
	for (const [title, name, change, good] of [
		["an older book", "book-old", (b) => { b.book -= 1; }, true],
		["two equal codes", "code-duplicate", (b) => { b.book = next; b.codes[1].c = b.codes[0].c; }, true],
		["a code of 31 digits", "code-digits", (b) => { b.book = next; b.codes[0].c = b.codes[0].c.slice(1); }, false],
		["an unknown role", "role", (b) => { b.book = next; b.codes[0].role = "begin"; }, false],
		["importance 4", "value", (b) => { b.book = next; b.codes[0].p = 4; }, false],
		["a key of 8 octets", "key-length", (b) => { b.book = next; b.keys[0].key = "0011223344556677"; }, false],
		["nothing in it", "empty", (b) => { b.book = next; b.codes = []; b.keys = []; }, true],
		["another format", "format", (b) => { b.book = next; b.format = "mdshim-book-2"; }, false],
		["a lab book", "lab", (b) => { b.book = next; b.lab = true; }, true],
	]) {
		const body = edit(change);
		await one(`refused: ${title}`, refuse.status, refuse.method, `${books}/${JSON.parse(body).book}`, { body, good, also: reason(name) });
	}
	await one("refused: another number than in the path", 422, "PUT", `${books}/${next}`, { body: document, also: reason("field") });
	await one("refused: no JSON", 422, "PUT", `${books}/${next}`, { body: Buffer.from("rubbish"), good: false, also: reason("format") });
	await one("another domain is not there", 404, "GET", "/domains/other/books");
	await one("nor is book 0", 404, "PUT", `${books}/0`, { body: document, good: false });
	await one("a book cannot be taken back", 405, "DELETE", here, { also: (a) => a.headers.allow === "PUT" ? [] : ["no Allow"] });
	await one("nor posted", 405, "POST", books, { body: document, also: (a) => a.headers.allow === "GET" ? [] : ["no Allow"] });
	await one("a client of another name is sent away", 403, "GET", books, { client: "else" });
	await one("3 MB are too much", 413, "PUT", `${books}/${next}`, { body: Buffer.alloc(3 << 20, 32), good: false });
	fs.rmSync(`${folder}/books.b`, { recursive: true });
	fs.writeFileSync(`${folder}/books.b`, "");
	await one("no room on disk: later", 503, "PUT", `${books}/${next}`, { body: edit((b) => { b.book = next; b.codes = []; }),
		also: (a) => Number(a.headers["retry-after"]) > 0 ? [] : ["no Retry-After"] });
	console.log(`1..${count}`);
}
all().catch((error) => { console.log(`not ok ${++count} - ${error}`); process.exitCode = 1; });
