"""The services' APIs as a resource handler of CloudFormation calls them: through boto3, which checks each parameter
against AWS's own description of the operation.
"""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from local_dev.stack.intrinsics import text_of

CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}

RENAMED = {
    "CustomHeaders": "OriginCustomHeaders",
    "ACMCertificateArn": "AcmCertificateArn",
    "IsIPV6Enabled": "IPV6Enabled",
    "ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
}
"""Members of an API that CloudFormation has another name for, by the API's name."""


class Services:
    """Clients by service, for moto's server at `port`."""

    def __init__(self, port: int, region: str) -> None:
        self.port, self.region = port, region
        self._client = cache(self._make)

    def __call__(self, service: str) -> Any:
        """The client of a service."""
        return self._client(service)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation with parameters as CloudFormation has them: fitted to what the API wants."""
        client = self(service)
        method = next(
            name for name, api in client.meta.method_to_api_mapping.items() if operation in (name, api)
        )
        answer: dict[str, Any] = getattr(client, method)(**self.fitted(service, operation, parameters))
        return answer

    def fitted(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as the operation wants them. What it does not know stays, for botocore to refuse."""
        model = self(service).meta.service_model
        name = self(service).meta.method_to_api_mapping.get(operation, operation)
        fitted: dict[str, Any] = fit(parameters, model.operation_model(name).input_shape)
        return fitted

    def check(self, service: str, operation: str, **parameters: Any) -> None:
        """Check what an operation that moto does not know would be told. ParamValidationError says what is wrong."""
        shape = self(service).meta.service_model.operation_model(operation).input_shape
        report = ParamValidator().validate(self.fitted(service, operation, parameters), shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())

    def _make(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=f"http://localhost:{self.port}",
            region_name=self.region,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
            **CREDENTIALS,
        )


def fit(value: Any, shape: Any) -> Any:
    """A value of CloudFormation's in the form of an API's shape: text where that wants text and numbers where it wants
    numbers, names in the API's letters, and CloudFront's lists with their lengths.
    """
    if shape.type_name == "structure":
        if isinstance(value, list) and "Items" in shape.members:
            return {"Quantity": len(value), "Items": fit(value, shape.members["Items"])}
        if not isinstance(value, dict):
            return value
        known = {RENAMED.get(name, name).lower(): name for name in shape.members}
        fitted = {}
        for key, item in value.items():
            name = known.get(key.lower(), key)
            fitted[name] = fit(item, shape.members[name]) if name in shape.members else item
        if "Items" in fitted and "Quantity" in shape.members:
            fitted["Quantity"] = len(fitted["Items"])
        return fitted
    if shape.type_name == "list" and isinstance(value, list):
        return [fit(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: fit(item, shape.value) for key, item in value.items()}
    return _fit_scalar(value, shape.type_name)


def _fit_scalar(value: Any, wanted: str) -> Any:
    if wanted == "string" and isinstance(value, (bool, int, float)):
        return text_of(value)
    if isinstance(value, str):
        if wanted == "boolean" and value in ("true", "false"):
            return value == "true"
        if wanted in ("integer", "long") and value.isdecimal():
            return int(value)
        if wanted in ("double", "float"):
            return float(value)
        if wanted == "blob":
            return value.encode()
    return value
