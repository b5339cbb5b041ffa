"""Reads the CloudFront distribution that the gateway plays out of a stack's resources."""

import re
from collections.abc import Mapping
from typing import Any

from .cloud import Resource
from .distribution import DEFAULT_PATTERN, READING, Behaviour, Distribution, Origin
from .notes import Notebook
from .response_headers import MANAGED, NOT_PLAYED, ResponseHeaders, response_headers
from .values import is_true, mapping, mappings, text, texts

ByType = Mapping[str, list[Resource]]

FUNCTION_LIMIT = 10 * 1024
"""Bytes of a function's code (contract C09)."""

_NOT_ADDED = re.compile(
    r"cache-control|connection|content-length|cookie|host|if-.*|max-forwards|pragma|proxy-.*|range|request-range|te|"
    r"trailer|transfer-encoding|upgrade|via|x-amz-.*|x-edge-.*|x-real-ip",
    re.IGNORECASE,
)
"""Headers that CloudFront does not let an origin add.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
"""

_HOST_FORWARDING = frozenset(
    {
        "216adef6-5c7f-47e4-b989-5492eafa07d3",  # AllViewer
        "33f36d7e-f396-46d9-90e0-52428a34d9dc",  # AllViewerAndCloudFrontHeaders-2022-06
        "bf0718e1-ba1e-49d1-88b1-f726733018ba",  # HostHeaderOnly
    }
)
"""AWS's own origin request policies with which the origin gets the viewer's Host, by id."""


def read_distribution(by_type: ByType, *, notes: Notebook) -> Distribution | None:
    """The first enabled distribution, which has the gateway's address; None where there is none."""
    played: Distribution | None = None
    for resource in by_type.get("AWS::CloudFront::Distribution", []):
        config = mapping(resource.properties.get("DistributionConfig"))
        if not is_true(config.get("Enabled")):
            notes.add(resource.logical_id, "this distribution is not enabled, so it answers nothing")
        elif played is not None:
            notes.add(
                resource.logical_id,
                f"not run here: {played.logical_id} is the one distribution that has the gateway's address",
            )
        else:
            played = _Reader(by_type, resource, notes).distribution(config)
    return played


class _Reader:
    def __init__(self, by_type: ByType, resource: Resource, notes: Notebook) -> None:
        self._functions = {item.id: item for item in by_type.get("AWS::CloudFront::Function", [])}
        self._policies = {item.id: item for item in by_type.get("AWS::CloudFront::ResponseHeadersPolicy", [])}
        self._requests = {item.id: item for item in by_type.get("AWS::CloudFront::OriginRequestPolicy", [])}
        self._resource, self._notes = resource, notes

    def distribution(self, config: Mapping[str, Any]) -> Distribution:
        origins = {text(item.get("Id")): _origin(item) for item in mappings(config.get("Origins"))}
        for name in [name for origin in origins.values() for name, _ in origin.headers]:
            if _NOT_ADDED.fullmatch(name):
                self._note(f"AWS would refuse this: CloudFront cannot add the header {name}")
        listed = [
            (text(item.get("PathPattern")), item)
            for item in mappings(config.get("CacheBehaviors"))
            if item.get("PathPattern")
        ]
        listed.append((DEFAULT_PATTERN, mapping(config.get("DefaultCacheBehavior"))))
        return Distribution(
            self._resource.logical_id,
            tuple(self._behaviour(pattern, item, origins) for pattern, item in listed),
        )

    def _behaviour(self, pattern: str, item: Mapping[str, Any], origins: Mapping[str, Origin]) -> Behaviour:
        target = text(item.get("TargetOriginId"))
        if target not in origins:
            self._note(f"the behaviour for {pattern}: there is no origin {target}")
        elif ".execute-api." in origins[target].host and not item.keys() & {
            "OriginRequestPolicyId",
            "ForwardedValues",
        }:
            self._note(
                f"the behaviour for {pattern}: without an OriginRequestPolicyId the API gets no query string and few "
                "headers in the cloud; here it gets all"
            )
        return Behaviour(
            pattern,
            origins.get(target, Origin("")),
            function=self._function(pattern, item),
            forwards_host=self._forwards_host(text(item.get("OriginRequestPolicyId", ""))),
            response_headers=self._response_headers(item),
            methods=frozenset(texts(item.get("AllowedMethods"))) or READING,
        )

    def _function(self, pattern: str, item: Mapping[str, Any]) -> str | None:
        if mappings(item.get("LambdaFunctionAssociations")):
            self._note(f"the behaviour for {pattern}: Lambda@Edge is not run here")
        source = None
        for association in mappings(item.get("FunctionAssociations")):
            event, arn = text(association.get("EventType")), text(association.get("FunctionARN"))
            if event != "viewer-request":
                self._note(f"the behaviour for {pattern}: functions are not run here at {event}")
            elif arn not in self._functions or "FunctionCode" not in self._functions[arn].properties:
                self._note(f"the behaviour for {pattern}: the function {arn} is not in this template")
            elif source is not None:
                self._note(f"AWS would refuse this: the behaviour for {pattern} has two functions at {event}")
            else:
                source = text(self._functions[arn].properties["FunctionCode"])
                size = len(source.encode())
                if size > FUNCTION_LIMIT:
                    self._notes.add(
                        self._functions[arn].logical_id,
                        f"AWS would refuse this: its code has {size} bytes, and the limit is {FUNCTION_LIMIT}",
                    )
        return source

    def _forwards_host(self, policy: str) -> bool:
        if policy not in self._requests:
            return policy in _HOST_FORWARDING
        properties = self._requests[policy].properties
        config = mapping(mapping(properties.get("OriginRequestPolicyConfig")).get("HeadersConfig"))
        named = "host" in [text(name).lower() for name in config.get("Headers") or []]
        match config.get("HeaderBehavior"):
            case "allViewer" | "allViewerAndWhitelistCloudFront":
                return True
            case "whitelist":
                return named
            case "allExcept":
                return not named
        return False

    def _response_headers(self, item: Mapping[str, Any]) -> ResponseHeaders | None:
        policy = text(item.get("ResponseHeadersPolicyId", ""))
        if not policy:
            return None
        if policy not in self._policies:
            if policy not in MANAGED:
                self._note(f"the response headers policy {policy} is not known here")
            return MANAGED.get(policy)
        resource = self._policies[policy]
        config = mapping(resource.properties.get("ResponseHeadersPolicyConfig"))
        for key, what in NOT_PLAYED.items():
            if config.get(key):
                self._notes.add(resource.logical_id, f"{what} are not sent here", "Properties")
        return response_headers(resource.properties)

    def _note(self, text: str) -> None:
        self._notes.add(self._resource.logical_id, text)


def _origin(item: Mapping[str, Any]) -> Origin:
    headers = mappings(item.get("OriginCustomHeaders"))
    return Origin(
        text(item.get("DomainName", "")).lower(),
        text(item.get("OriginPath", "")).rstrip("/"),
        tuple(
            (text(header["HeaderName"]), text(header.get("HeaderValue", "")))
            for header in headers
            if header.get("HeaderName")
        ),
    )
