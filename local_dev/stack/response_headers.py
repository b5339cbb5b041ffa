"""The headers that a CloudFront response headers policy puts on an answer. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .values import is_true, mapping, mappings, number, text


@dataclass(frozen=True)
class Header:
    """A header that is added. Without `override` it gives way to the origin's of the same name."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True)
class ResponseHeaders:
    """What a policy does: headers of the origin that it removes, in small letters, and those that it adds."""

    added: tuple[Header, ...] = ()
    removed: frozenset[str] = frozenset()

    def apply(self, origin: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of the answer to a viewer, made of those of the origin's answer."""
        kept = [(name, value) for name, value in origin if name.lower() not in self.removed]
        there = {name.lower() for name, _ in kept}
        added = [item for item in self.added if item.override or item.name.lower() not in there]
        replaced = {item.name.lower() for item in added}
        return [
            *((name, value) for name, value in kept if name.lower() not in replaced),
            *((item.name, item.value) for item in added),
        ]


MANAGED = {
    "67f7725c-6f97-4210-82d7-5512b31e9d03": ResponseHeaders(
        (
            Header("Strict-Transport-Security", "max-age=31536000", override=False),
            Header("X-Content-Type-Options", "nosniff", override=True),
            Header("X-Frame-Options", "SAMEORIGIN", override=False),
            Header("X-XSS-Protection", "1; mode=block", override=False),
            Header("Referrer-Policy", "strict-origin-when-cross-origin", override=False),
        )
    ),
}
"""AWS's own policies by their ids: SecurityHeadersPolicy."""

NOT_PLAYED = {"CorsConfig": "its CORS headers", "ServerTimingHeadersConfig": "its Server-Timing header"}
"""What of a policy's configuration is left out here."""


def response_headers(properties: Mapping[str, Any]) -> ResponseHeaders:
    """What the properties of an `AWS::CloudFront::ResponseHeadersPolicy` say."""
    config = mapping(properties.get("ResponseHeadersPolicyConfig"))
    custom = mappings(mapping(config.get("CustomHeadersConfig")).get("Items"))
    removed = mappings(mapping(config.get("RemoveHeadersConfig")).get("Items"))
    return ResponseHeaders(
        (
            *_security(mapping(config.get("SecurityHeadersConfig"))),
            *(
                Header(text(item["Header"]), text(item.get("Value", "")), is_true(item.get("Override")))
                for item in custom
                if item.get("Header")
            ),
        ),
        frozenset(text(item["Header"]).lower() for item in removed if item.get("Header")),
    )


def _security(config: Mapping[str, Any]) -> Iterator[Header]:
    for key, name, value_of in (
        ("StrictTransportSecurity", "Strict-Transport-Security", _transport_security),
        ("ContentSecurityPolicy", "Content-Security-Policy", lambda it: it.get("ContentSecurityPolicy")),
        ("ContentTypeOptions", "X-Content-Type-Options", lambda _: "nosniff"),
        ("FrameOptions", "X-Frame-Options", lambda it: it.get("FrameOption")),
        ("ReferrerPolicy", "Referrer-Policy", lambda it: it.get("ReferrerPolicy")),
        ("XSSProtection", "X-XSS-Protection", _xss_protection),
    ):
        if key in config:
            item = mapping(config[key])
            yield Header(name, text(value_of(item) or ""), is_true(item.get("Override")))


def _transport_security(item: Mapping[str, Any]) -> str:
    parts = [f"max-age={int(number(item.get('AccessControlMaxAgeSec'), 0))}"]
    parts += ["includeSubDomains"] if is_true(item.get("IncludeSubdomains")) else []
    parts += ["preload"] if is_true(item.get("Preload")) else []
    return "; ".join(parts)


def _xss_protection(item: Mapping[str, Any]) -> str:
    if not is_true(item.get("Protection")):
        return "0"
    if is_true(item.get("ModeBlock")):
        return "1; mode=block"
    return f"1; report={item['ReportUri']}" if item.get("ReportUri") else "1"
