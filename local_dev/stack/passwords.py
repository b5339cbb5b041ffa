"""Generated secrets, as `GenerateSecretString` asks for them. A new one each time: what could be told from the
template would be no secret.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from ..errors import TemplateError
from .values import is_true, number, text

LENGTH = 32

_KINDS = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", string.punctuation),
)


def generated(asked: Mapping[str, Any]) -> str:
    """The secret's text: a password, or the JSON of the template with the password in it. TemplateError where there is
    none of that kind.
    """
    password = _password(asked)
    key = asked.get("GenerateStringKey")
    if key is None:
        return password
    try:
        members = json.loads(text(asked.get("SecretStringTemplate") or "{}"))
        return json.dumps({**members, text(key): password})
    except (ValueError, TypeError):
        raise TemplateError("SecretStringTemplate is no JSON object") from None


def _password(asked: Mapping[str, Any]) -> str:
    length = int(number(asked.get("PasswordLength"), LENGTH))
    excluded = text(asked.get("ExcludeCharacters", ""))
    kinds = [
        kept
        for name, letters in (*_KINDS, ("", " "))
        if (
            is_true(asked.get("IncludeSpace", False))
            if letters == " "
            else not is_true(asked.get(name, False))
        )
        for kept in ["".join(letter for letter in letters if letter not in excluded)]
        if kept
    ]
    required = kinds if is_true(asked.get("RequireEachIncludedType", True)) else []
    if not kinds or not len(required) <= length <= 4096 or length < 1:
        raise TemplateError("GenerateSecretString: no such password is possible")
    letters = [secrets.choice(kind) for kind in required]
    everything = "".join(kinds)
    letters += [secrets.choice(everything) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
