"""Who signs requests here: temporary credentials for each function, fixed ones for the person at the
keyboard.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass

from ..stack.model import Function, Role, Statement


@dataclass(frozen=True)
class Credentials:
    """What a request is signed with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def environment(self) -> dict[str, str]:
        """The variables in which the AWS SDKs look for credentials."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }
        if self.session_token is not None:
            variables["AWS_SESSION_TOKEN"] = self.session_token
        return variables


@dataclass(frozen=True)
class Principal:
    """Whom credentials belong to, and what its policies say; None: it may do everything. `unread` names policies of
    which nobody here knows what they say.
    """

    arn: str
    statements: tuple[Statement, ...] | None = None
    unread: tuple[str, ...] = ()


def function_principal(function: Function, role: Role | None, *, account: str) -> Principal:
    """Who a function is to AWS: its role, assumed under the function's name. Without a role of the stack
    nothing is known of its policies, so that it may do everything.
    """
    name = role.name if role else (function.role or function.name).rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{function.name}"
    return Principal(arn, role.statements if role else None, role.unread if role else ())


class CredentialStore:
    """All credentials that are valid here. `random` gives n bytes."""

    def __init__(self, account: str, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self.operator = Credentials("local", "local")
        """The person at the keyboard, who may do everything."""
        self._random = random
        self._known = {"local": (self.operator, Principal(f"arn:aws:iam::{account}:user/local"))}

    def issue(self, principal: Principal) -> Credentials:
        """New temporary credentials, of the form that a Lambda function finds in its environment."""
        credentials = Credentials(
            "ASIA" + base64.b32encode(self._random(10)).decode(),
            base64.b64encode(self._random(30)).decode(),
            base64.b64encode(self._random(120)).decode(),
        )
        self._known[credentials.access_key_id] = (credentials, principal)
        return credentials

    def change(self, access_key_id: str, principal: Principal) -> None:
        """Let the credentials with this id be somebody's from now on."""
        self._known[access_key_id] = (self._known[access_key_id][0], principal)

    def find(self, access_key_id: str) -> tuple[Credentials, Principal] | None:
        """The credentials with this id and whose they are; None where there are none."""
        return self._known.get(access_key_id)
