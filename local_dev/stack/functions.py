"""The Lambda functions of a stack, with their code and layers on this disk."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from .asynchronous import read_asynchronous
from .cloud import Resource
from .code import code_folder, unpacked
from .model import Function, Role
from .notes import Notebook
from .opaque import function_arn
from .values import mapping, number, text, texts

ByType = Mapping[str, list[Resource]]

DEFAULT_TIMEOUT = 3
DEFAULT_MEMORY = 128
DEFAULT_LOG_LEVEL = "INFO"


def read_functions(
    by_type: ByType, *, roles: Mapping[str, Role], notes: Notebook, account: str, region: str
) -> dict[str, Function]:
    """The stack's functions by their physical names."""
    reader = _FunctionReader(by_type, roles, notes, account, region)
    return {resource.id: reader.read(resource) for resource in by_type.get("AWS::Lambda::Function", [])}


class _FunctionReader:
    def __init__(
        self, by_type: ByType, roles: Mapping[str, Role], notes: Notebook, account: str, region: str
    ) -> None:
        self._roles, self._notes, self._account, self._region = roles, notes, account, region
        self._asynchronous = read_asynchronous(by_type, notes=notes)
        self._layers = {item.id: item for item in by_type.get("AWS::Lambda::LayerVersion", [])}
        self._newer_runtime_noted = False

    def read(self, resource: Resource) -> Function:
        properties = resource.properties
        code, inline = self._code(resource)
        role = properties.get("Role")
        if role is not None and str(role) not in self._roles:
            self._notes.add(
                resource.logical_id,
                "its role is not in this template, so what the role allows is not known here",
                "Properties",
                "Role",
            )
        reserved = properties.get("ReservedConcurrentExecutions")
        logging = mapping(properties.get("LoggingConfig"))
        return Function(
            name=resource.id,
            arn=function_arn(resource.id, account=self._account, region=self._region),
            label=resource.logical_id,
            handler=str(properties.get("Handler", "")),
            timeout=number(properties.get("Timeout"), DEFAULT_TIMEOUT),
            memory=int(number(properties.get("MemorySize"), DEFAULT_MEMORY)),
            environment=_environment(resource),
            code=code,
            inline_code=inline,
            json_logs=logging.get("LogFormat") == "JSON",
            log_level=text(logging.get("ApplicationLogLevel", DEFAULT_LOG_LEVEL)),
            layers=self._layer_folders(resource),
            reserved_concurrency=None if reserved is None else int(number(reserved, 0)),
            role=None if role is None else str(role),
            asynchronous=self._asynchronous[resource.id],
        )

    def _code(self, resource: Resource) -> tuple[Path | None, str | None]:
        properties = resource.properties
        code = mapping(properties.get("Code"))
        if properties.get("PackageType") == "Image" or "ImageUri" in code:
            self._notes.add(resource.logical_id, "functions in container images are not run here")
            return None, None
        runtime = str(properties.get("Runtime", ""))
        if not runtime.startswith("python3."):
            self._notes.add(
                resource.logical_id,
                f"the runtime {runtime or 'that is not named'} is not run here; invoking the function fails",
                "Properties",
                "Runtime",
            )
            return None, None
        self._compare_version(resource, runtime)
        if "ZipFile" in code:
            return None, text(code["ZipFile"])
        return self._folder(resource, code, "Code"), None

    def _folder(self, resource: Resource, code: Mapping[str, Any], what: str) -> Path | None:
        folder = code_folder(code)
        if folder is None:
            where = f"s3://{code.get('S3Bucket')}/{code.get('S3Key')}" if code else "nowhere"
            so = "invoking it fails" if what == "Code" else "functions run without the layer"
            self._notes.add(
                resource.logical_id,
                f"its {what.lower()} is not on this disk but {where}; {so}",
                "Properties",
                what,
            )
            return None
        try:
            folder = unpacked(folder)
        except TemplateError as error:
            self._notes.add(resource.logical_id, str(error))
            return None
        if not folder.exists():
            self._notes.add(resource.logical_id, f"its code is not there: {folder}")
        return folder

    def _compare_version(self, resource: Resource, runtime: str) -> None:
        asked = re.fullmatch(r"python3\.(\d+)", runtime)
        if asked and int(asked[1]) > sys.version_info.minor and not self._newer_runtime_noted:
            self._newer_runtime_noted = True
            own = f"{sys.version_info.major}.{sys.version_info.minor}"
            self._notes.add(
                resource.logical_id,
                f"all functions run in Python {own} here, also those that ask for {runtime}",
            )

    def _layer_folders(self, resource: Resource) -> tuple[Path, ...]:
        folders = []
        for reference in texts(resource.properties.get("Layers")):
            layer = self._layers.get(reference)
            if layer is None:
                self._notes.add(
                    resource.logical_id,
                    f"the layer {reference} is not in this template: what is imported from it has to be installed "
                    "where parley is",
                    "Properties",
                    "Layers",
                )
                continue
            folder = self._folder(layer, mapping(layer.properties.get("Content")), "Content")
            if folder is not None:
                folders.append(folder)
        return tuple(folders)


def _environment(resource: Resource) -> dict[str, str]:
    variables = mapping(mapping(resource.properties.get("Environment")).get("Variables"))
    return {str(key): text(value) for key, value in variables.items()}
