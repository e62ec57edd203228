// A page on an origin that is not listed: the browser gives it nothing, good token or not.

import { call, check, report } from "./call.js";

async function refused(what, ...request) {
    try {
        check(what, false, await call(...request));
    } catch (error) {
        check(what, error instanceof TypeError, String(error));
    }
}

await report(async () => {
    await refused("what is open to all cannot be read", null, "GET", "/healthz");
    await refused("nothing can be read with a token", "anna", "GET", "/v1/customers");
    await refused("an error cannot be read", null, "GET", "/v1/customers");
    await refused("nothing can be written", "anna", "POST", "/v1/customers", { body: { customer_id: "stranger" } });
});
