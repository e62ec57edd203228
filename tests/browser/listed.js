// A screen on an origin that is listed: a customer's groups, from load to save to conflict.

import { call, check, checkProblem, report, setup } from "./call.js";

const MATRIX = "/v1/customers/acme/group-matrix";

function granted(reply) {
    return reply.body?.items?.find((row) => row.key === "users")?.cells[0].granted.join();
}

function save(administrator, cell, { headers, ...body } = {}) {
    const cells = [{ row: "users", context: "same_customer", ...cell }];
    return call(administrator, "PATCH", MATRIX, { body: { cells, ...body }, headers });
}

async function createACustomer() {
    const body = { customer_id: "acme", name: "Acme Inc." };
    const made = await call("anna", "POST", "/v1/customers", { body, headers: { "X-Request-Id": "screen-1" } });
    check("a customer is created", made.status === 201 && made.body.customer_id === "acme", made);
    check("the page reads Location", made.location?.startsWith("/v1/customers/id:"), made);
    check("the page reads X-Request-Id, and may choose it", made.requestId === "screen-1", made);
    check("the page reads ETag", made.etag === `"${made.body.etag}"`, made);
    check("the page reads Access-Revision", made.revision?.includes("-"), made);
    const headers = { "At-Least-Revision": made.revision };
    const found = await call("anna", "GET", made.location, { headers });
    check("what was made is where Location says", found.status === 200 && found.etag === made.etag, found);
}

async function loadAndSave() {
    const screen = await call("anna", "GET", MATRIX);
    check("the screen loads", screen.status === 200 && screen.etag && granted(screen) === "", screen);
    const headers = { "If-Match": screen.etag };
    const saved = await save("anna", { permissions: ["ro"], expected: [] }, { headers });
    check("the first save is kept", saved.status === 200 && granted(saved) === "ro", saved);
    check("it gives a new version", saved.body?.links_version !== screen.body?.links_version, saved);
    check("it gives a new revision", saved.revision && saved.revision !== screen.revision, saved);
    return saved;
}

async function loadConditionally() {
    const screen = await call("anna", "GET", MATRIX);
    const headers = { "If-None-Match": screen.etag };
    const known = await call("anna", "GET", MATRIX, { headers });
    check("what the page has is not sent again", known.status === 304 && known.body === undefined, known);
    check("a 304 can be read like the rest", known.etag === screen.etag && known.revision && known.requestId, known);
    await call("anna", "GET", MATRIX, { cache: "default" });
    const cached = await call("anna", "GET", MATRIX, { cache: "default" });
    check("the browser's own cache goes well with it", cached.status === 200 && granted(cached) === "ro", cached);
    return screen;
}

async function conflict(screen, saved) {
    const other = await save("bert", { permissions: ["rw"] });
    check("a second administrator changes the cell", other.status === 200 && granted(other) === "rw", other);
    const expecting = await save("anna", { permissions: [], expected: ["ro"] });
    checkProblem("a cell that is another by now is a conflict", expecting, 409, "cells_changed");
    check("the conflict names the cell", expecting.body?.errors?.[0]?.pointer.startsWith("/cells/0"), expecting);
    const tagged = await save("anna", { permissions: [] }, { headers: { "If-Match": screen.etag } });
    checkProblem("so is an old entity tag", tagged, 412, "precondition_failed");
    const versioned = await save("anna", { permissions: [] }, { links_version: saved.body.links_version });
    checkProblem("so is an old links_version", versioned, 412, "precondition_failed");
    const headers = { "At-Least-Revision": other.revision, "If-None-Match": screen.etag };
    const reloaded = await call("anna", "GET", MATRIX, { headers });
    check("the reload shows the other's change", reloaded.status === 200 && granted(reloaded) === "rw", reloaded);
    const again = await save("anna", { permissions: ["ro"], expected: ["rw"] }, { headers: { "If-Match": reloaded.etag } });
    check("after which the save is kept", again.status === 200 && granted(again) === "ro", again);
}

async function refusals() {
    const { revision } = await call("anna", "GET", MATRIX);
    const headers = { "At-Least-Revision": `${revision.split("-")[0]}-999999` };
    const early = await call("anna", "GET", MATRIX, { headers });
    checkProblem("a revision that is not there yet is a 503", early, 503, "revision_not_reached");
    check("the page reads Retry-After", Number(early.retryAfter) > 0, early);
    checkProblem("a missing token can be told", await call(null, "GET", MATRIX), 401, "token_missing");
    checkProblem("so can a wrong path", await call("anna", "GET", "/v1/nothing"), 404, "route_not_found");
    checkProblem("and a wrong method", await call("anna", "PUT", "/v1/customers"), 405, "method_not_allowed");
    checkProblem("and wrong input", await save("anna", { permissions: ["fly"] }), 422, "invalid_input");
}

async function otherMethods() {
    const link = "/v1/customers/acme/groups/users";
    const put = await call("anna", "PUT", link, { body: { permissions: ["rw"] } });
    check("a link is set", put.status === 200 && put.etag, put);
    const gone = await call("anna", "DELETE", link, { headers: { "If-Match": put.etag } });
    check("a link is removed", gone.status === 204 && gone.revision, gone);
}

await report(async () => {
    check("the service is on another origin", new URL(setup.service).origin !== location.origin, setup.service);
    await createACustomer();
    const saved = await loadAndSave();
    const screen = await loadConditionally();
    await conflict(screen, saved);
    await refusals();
    await otherMethods();
});
