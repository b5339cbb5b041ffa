"""What a function finds around it here instead of AWS: endpoints, a proxy, credentials of its own."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .iam.credentials import CredentialStore, Principal, function_principal
from .iam.policy import without
from .stack.cloud import Cloud
from .stack.endpoints import Endpoints, environment
from .stack.model import Api, Function, Stack

MANAGEMENT_VARIABLE = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
"""botocore's variable for the endpoint of the management API."""


@dataclass(frozen=True)
class Withheld:
    """A permission that a function's role is not to have, though the template gives it: an action as the template
    spells it, for the resources that fit the pattern. `function` is its logical id.
    """

    function: str
    action: str
    resource: str = "*"


class Services:
    """The environments of a stack's functions, and as whom they act. `apis` by their path under `url`; `through` are
    addresses by the endpoints that functions are to reach by way of them.
    """

    def __init__(
        self,
        stack: Stack,
        apis: Mapping[str, Api],
        cloud: Cloud,
        *,
        url: str,
        credentials: CredentialStore,
        endpoints: Endpoints,
        proxy: Mapping[str, str],
        through: Mapping[str, str] | None = None,
        withheld: Iterable[Withheld] = (),
    ) -> None:
        self._withheld: defaultdict[str, list[Withheld]] = defaultdict(list)
        for item in withheld:
            self._withheld[item.function].append(item)
        self.credentials = credentials
        self.callers: dict[str, str] = {}
        """Functions' logical ids by the access key that they sign with."""
        through = through or {}
        self._stack, self._apis, self._cloud, self._url = stack, apis, cloud, url
        self._common = {
            "AWS_REGION": cloud.region,
            "AWS_DEFAULT_REGION": cloud.region,
            "AWS_ENDPOINT_URL": through.get(cloud.endpoint_url, cloud.endpoint_url),
            "AWS_ENDPOINT_URL_LAMBDA": url,
            **{name: through.get(there, there) for name, there in environment(endpoints).items()},
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **proxy,
        }

    def of(self, function: Function) -> dict[str, str]:
        """The function's environment, with new credentials in it: ask once for each."""
        credentials = self.credentials.issue(self.principal(function.name))
        self.callers[credentials.access_key_id] = function.label
        return {
            **self._common,
            MANAGEMENT_VARIABLE: self._management_endpoint(function),
            **credentials.environment(),
        }

    def principal(self, name: str) -> Principal:
        """Whom a function, by its name, acts as."""
        function = self._stack.functions[name]
        role = self._stack.roles.get(function.role or "")
        principal = function_principal(function, role, account=self._cloud.account)
        statements = principal.statements
        if statements is not None:
            for item in self._withheld[function.label]:
                statements = without(statements, action=item.action, resource=item.resource)
        return replace(principal, statements=statements)

    @contextmanager
    def withholding(self, *withheld: Withheld) -> Iterator[None]:
        """Let roles lack permissions for a while. Mappings go on as they are: they were checked at the start."""
        for item in withheld:
            self._withheld[item.function].append(item)
        self._refresh()
        try:
            yield
        finally:
            for item in withheld:
                self._withheld[item.function].remove(item)
            self._refresh()

    def _refresh(self) -> None:
        names = {function.label: name for name, function in self._stack.functions.items()}
        for access_key, label in self.callers.items():
            self.credentials.change(access_key, self.principal(names[label]))

    def _management_endpoint(self, function: Function) -> str:
        """Where a client finds the management API that is not told: at the API that the function's own
        environment names; without that AWS's default leads to no API, as this does (contract M11, M14).
        """
        asked = function.environment.get(MANAGEMENT_VARIABLE, "")
        for path, api in self._apis.items():
            if api.id in asked and asked.rstrip("/").endswith(f"/{api.stage}"):
                return f"{self._url}/{path}"
        return self._url
