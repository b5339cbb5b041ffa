"""Who has a say in functions' calls to AWS services: the check of roles, and faults. Without either nobody stands
between.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .faults.faults import Faults
from .iam.credentials import CredentialStore
from .options import Options
from .stack.deploy import Deployed

if TYPE_CHECKING:
    from .relay.relay import Interceptor


@contextlib.asynccontextmanager
async def relayed(
    found: Deployed, credentials: CredentialStore, faults: Faults | None, options: Options
) -> AsyncIterator[dict[str, str]]:
    """Addresses that functions are to use instead of the endpoints', by these."""
    interceptors = _interceptors(found, credentials, faults, options)
    if not interceptors:
        yield {}
        return
    from .relay.relay import Relay  # noqa: PLC0415 (seldom needed)

    async with Relay(interceptors) as relay:
        called = {found.cloud.endpoint_url, *options.endpoints.urls()}
        yield {there: await relay.front(there) for there in called}


def _interceptors(
    found: Deployed, credentials: CredentialStore, faults: Faults | None, options: Options
) -> "list[Interceptor]":
    """In the order in which they are asked: AWS looks at permissions before anything else."""
    interceptors: list[Interceptor] = []
    if options.check_roles:
        from .iam.actions import Scope  # noqa: PLC0415 (seldom needed)
        from .iam.role_check import RoleCheck  # noqa: PLC0415

        secrets = tuple(found.stack.secrets.values())
        interceptors.append(
            RoleCheck(credentials.find, Scope(found.cloud.account, found.cloud.region, secrets))
        )
    if faults:
        from .faults.calls import FaultyCalls  # noqa: PLC0415 (seldom needed)

        interceptors.append(FaultyCalls(faults))
    return interceptors
