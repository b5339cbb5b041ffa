"""CloudFormation's dynamic references: `{{resolve:secretsmanager:…}}`, `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}`.

Pure: what secrets and parameters hold is asked of whoever keeps them.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import TemplateError

CURRENT = "AWSCURRENT"

_REFERENCE = re.compile(r"\{\{resolve:([^{}]*)\}\}")
_SECRET_ARN = re.compile(r"(arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:[^:]*)(?::(.*))?")


@dataclass(frozen=True)
class SecretReference:
    """A secret by its name or ARN; `key` picks a member of its JSON, "" the whole text; `version` is a version's id."""

    id: str
    key: str = ""
    stage: str = CURRENT
    version: str = ""


@dataclass(frozen=True)
class ParameterReference:
    """A parameter of Systems Manager; `version` "" for the newest."""

    name: str
    version: str = ""


class Store(Protocol):
    """What keeps secrets and parameters. LookupError, with its reason, where there is no such thing."""

    def secret(self, reference: SecretReference) -> str: ...
    def parameter(self, reference: ParameterReference) -> str: ...


def read_reference(text: str) -> SecretReference | ParameterReference:
    """The reference in `service:…`, as it stands between `{{resolve:` and `}}`; TemplateError where it is none."""
    service, _, rest = text.partition(":")
    if service == "secretsmanager":
        return _secret(rest)
    name, _, version = rest.partition(":")
    if service not in ("ssm", "ssm-secure") or not name or (version and not version.isdecimal()):
        raise TemplateError(f"{{{{resolve:{text}}}}} is no dynamic reference")
    return ParameterReference(name, version)


def _secret(rest: str) -> SecretReference:
    arn = _SECRET_ARN.fullmatch(rest)
    name, _, more = rest.partition(":") if arn is None else (arn[1], "", arn[2] or "")
    parts = more.split(":")
    kind, key, stage, version = (parts + [""] * 3)[:4]
    if not name or kind not in ("", "SecretString") or len(parts) > 4 or (stage and version):
        raise TemplateError(f"{{{{resolve:secretsmanager:{rest}}}}} is no dynamic reference")
    return SecretReference(name, key, stage or ("" if version else CURRENT), version)


class DynamicReferences:
    """Puts in place of references what they stand for. `complain` is told of those that stand for nothing here,
    whose text stays as it is.
    """

    def __init__(self, store: Store, complain: Callable[[str], None]) -> None:
        self._store, self._complain = store, complain

    def value(self, node: Any) -> Any:
        """A resolved value with the references in its texts resolved."""
        if isinstance(node, str):
            return _REFERENCE.sub(self._put, node) if "{{resolve:" in node else node
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if isinstance(node, dict):
            return {key: self.value(item) for key, item in node.items()}
        return node

    def _put(self, match: re.Match[str]) -> str:
        try:
            reference = read_reference(match[1])
            if isinstance(reference, ParameterReference):
                return self._store.parameter(reference)
            return _member(self._store.secret(reference), reference.key)
        except (TemplateError, LookupError) as error:
            reason = " ".join(str(error.args[0] if error.args else error).split())
            self._complain(f"what {match[0]} refers to is not known here, the text stays as it is: {reason}")
            return match[0]


def _member(secret: str, key: str) -> str:
    if not key:
        return secret
    try:
        members = json.loads(secret)
    except ValueError:
        members = None
    if not isinstance(members, dict) or key not in members:
        raise LookupError(f"the secret has no key {key}")
    found = members[key]
    return found if isinstance(found, str) else json.dumps(found)
