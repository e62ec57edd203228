"""The README's tour with a client generated from the OpenAPI document. Prints the ten replies as JSON."""

import json
import os
from typing import Any, Protocol, TypeVar

from customer_access import AuthenticatedClient
from customer_access.api.access import check_access, get_customer_user_access, list_group_access
from customer_access.api.customer_users import list_customer_users, put_customer_user_group_link
from customer_access.api.customers import put_customer_group_link
from customer_access.api.groups import create_group
from customer_access.api.services import create_service
from customer_access.api.settings import put_default_service
from customer_access.models import (
    CustomerGroupLinkBody,
    CustomerUserGroupLinkBody,
    CustomerUserPage,
    GroupCreate,
    Problem,
    Question,
    ServiceCreate,
)

GROUP = "support"


class Model(Protocol):
    """What every reply of the client can do."""

    def to_dict(self) -> dict[str, Any]: ...


Reply = TypeVar("Reply", bound=Model)


def reply(of_client: Reply | Problem | None) -> Reply:
    """A refusal is a problem whose `detail` is a sentence for people and whose `code` is for programs."""
    if of_client is None:
        raise SystemExit("the reply is not in the document")
    if isinstance(of_client, Problem):
        raise SystemExit(f"{of_client.code}: {of_client.detail}")
    return of_client


def tracy_of(found: CustomerUserPage) -> tuple[str, str]:
    """Her login and her customer."""
    tracy = found.items[0]
    if not isinstance(tracy.customer, str):
        raise SystemExit("Tracy has no customer")
    return tracy.login, tracy.customer


def tour(client: AuthenticatedClient) -> list[Model]:
    """The ten calls, in the README's order."""

    def may(permission: str) -> Model:
        jacob = "nicolas50@trevino.org"
        question = Question(customer_user=jacob, group=GROUP, permission=permission, explain=True)
        return reply(check_access.sync(client=client, body=question))

    found = reply(list_customer_users.sync(client=client, q="tracy keith"))
    login, customer = tracy_of(found)
    everybody = CustomerGroupLinkBody(permissions=["ro"])
    her = CustomerUserGroupLinkBody(permissions=["rw"])
    return [
        found,
        reply(create_group.sync(client=client, body=GroupCreate(name=GROUP))),
        reply(put_customer_group_link.sync(customer, GROUP, client=client, body=everybody)),
        reply(put_customer_user_group_link.sync("external:crm:DF593FE6b781359", GROUP, client=client, body=her)),
        reply(create_service.sync(client=client, body=ServiceCreate(name="Workplace"))),
        reply(put_default_service.sync("Workplace", client=client)),
        reply(get_customer_user_access.sync(login, client=client)),
        may("ro"),
        may("rw"),
        reply(list_group_access.sync(GROUP, client=client, permission="rw")),
    ]


def main() -> None:
    client = AuthenticatedClient(
        base_url=os.environ["CUSTOMER_ACCESS_URL"], token=os.environ["CUSTOMER_ACCESS_TOKEN"]
    )
    with client:
        print(json.dumps([reply.to_dict() for reply in tour(client)]))


if __name__ == "__main__":
    main()
