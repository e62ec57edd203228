// What both pages have: calls to the service, and a report of what was checked.

export const setup = await (await fetch("setup.json")).json();

const checks = [];

export function check(what, holds, found) {
    checks.push({ what, holds: Boolean(holds), found });
}

/** Runs a page's story, and tells the server that the page came from how it went. */
export async function report(story) {
    try {
        await story();
    } catch (error) {
        check("the story comes to its end", false, String(error.stack ?? error));
    }
    await fetch("checks", { method: "POST", body: JSON.stringify(checks) });
}

/** Calls the service on behalf of an administrator; what comes back is what a page can see of it. */
export async function call(administrator, method, path, { body, headers, cache = "no-store" } = {}) {
    const sent = { ...headers };
    if (administrator) sent["Authorization"] = `Bearer ${setup.tokens[administrator]}`;
    if (body) sent["Content-Type"] = "application/json";
    const reply = await fetch(setup.service + path, { method, headers: sent, body: body && JSON.stringify(body), cache });
    const text = await reply.text();
    return {
        status: reply.status,
        body: text ? JSON.parse(text) : undefined,
        etag: reply.headers.get("ETag"),
        location: reply.headers.get("Location"),
        revision: reply.headers.get("Access-Revision"),
        retryAfter: reply.headers.get("Retry-After"),
        requestId: reply.headers.get("X-Request-Id"),
        mediaType: reply.headers.get("Content-Type"),
    };
}

/** The reply is a problem with this status and code, and with the id that its header has. */
export function checkProblem(what, reply, status, code) {
    const holds =
        reply.status === status &&
        reply.mediaType === "application/problem+json" &&
        reply.body?.code === code &&
        reply.body.request_id === reply.requestId;
    check(what, holds, reply);
}
