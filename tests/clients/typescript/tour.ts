// The README's tour with a client generated from the OpenAPI document. Prints the ten replies as JSON.
import createClient from "openapi-fetch";
import type { paths } from "./customer-access.d.ts";

const { CUSTOMER_ACCESS_URL: baseUrl, CUSTOMER_ACCESS_TOKEN: token } = process.env;
if (!baseUrl || !token) throw new Error("CUSTOMER_ACCESS_URL and CUSTOMER_ACCESS_TOKEN must be set");

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

// A refusal is a problem whose `detail` is a sentence for people and whose `code` is for programs.
function reply<T>(result: { data?: T; error?: { code: string; detail: string } }): T {
  if (result.data === undefined) throw new Error(`${result.error?.code}: ${result.error?.detail}`);
  return result.data;
}

const group = "support";
const may = (permission: string) =>
  client.POST("/v1/access:check", {
    body: { customer_user: "nicolas50@trevino.org", group, permission, explain: true },
  });

const found = reply(await client.GET("/v1/customer-users", { params: { query: { q: "tracy keith" } } }));
const tracy = found.items[0];
if (!tracy?.customer) throw new Error("Tracy of Keith Inc is not there");

const replies: unknown[] = [
  found,
  reply(await client.POST("/v1/groups", { body: { name: group } })),
  reply(
    await client.PUT("/v1/customers/{customer}/groups/{group}", {
      params: { path: { customer: tracy.customer, group } },
      body: { permissions: ["ro"] },
    }),
  ),
  reply(
    await client.PUT("/v1/customer-users/{customer_user}/groups/{group}", {
      params: { path: { customer_user: "external:crm:DF593FE6b781359", group } },
      body: { permissions: ["rw"] },
    }),
  ),
  reply(await client.POST("/v1/services", { body: { name: "Workplace" } })),
  reply(await client.PUT("/v1/default-services/{service}", { params: { path: { service: "Workplace" } } })),
  reply(
    await client.GET("/v1/customer-users/{customer_user}/access", {
      params: { path: { customer_user: tracy.login } },
    }),
  ),
  reply(await may("ro")),
  reply(await may("rw")),
  reply(
    await client.GET("/v1/groups/{group}/access", { params: { path: { group }, query: { permission: "rw" } } }),
  ),
];
console.log(JSON.stringify(replies));
