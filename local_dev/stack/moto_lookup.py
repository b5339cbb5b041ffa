"""Secrets and parameters as moto has them, for dynamic references.

Neither service is loaded unless the stack has something of it: Systems Manager's takes most of a second.
"""

from collections.abc import Callable
from typing import Any

from .dynamic import ParameterReference, SecretReference
from .values import text


class MotoLookup:
    """The secrets and parameters of one account and region. `make` has the stack create its resources of a type, and
    says whether it has any.
    """

    def __init__(self, account: str, region: str, make: Callable[[str], bool]) -> None:
        self._account, self._region, self._make = account, region, make

    def secret(self, reference: SecretReference) -> str:
        """The secret's text; LookupError where there is none."""
        if not self._make("AWS::SecretsManager::Secret"):
            raise LookupError("there is no secret in this template")
        from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 (templates with secrets only)

        backend = secretsmanager_backends[self._account][self._region]
        found = _asked(backend.get_secret_value, reference.id, reference.version, reference.stage)
        if "SecretString" not in found:
            raise LookupError("the secret has no text")
        return str(found["SecretString"])

    def parameter(self, reference: ParameterReference) -> str:
        """The parameter's value; LookupError where there is none."""
        if not self._make("AWS::SSM::Parameter"):
            raise LookupError("there is no parameter of Systems Manager in this template")
        from moto.ssm.models import ssm_backends  # noqa: PLC0415 (templates with parameters only)

        name = f"{reference.name}:{reference.version}" if reference.version else reference.name
        found = _asked(ssm_backends[self._account][self._region].get_parameter, name)
        if found is None:
            raise LookupError(f"there is no parameter {name}")
        return text(found.response_object(decrypt=True)["Value"])


def _asked(operation: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return operation(*arguments)
    except Exception as error:  # moto's, which have no common class
        raise LookupError(str(getattr(error, "message", None) or error)) from None
