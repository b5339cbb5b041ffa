"""Reads the Stack out of a deployment's resolved resources.

Pure: resources in, dataclasses out. Nothing in here, or anywhere in this package, knows a template by
name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from .apis import read_apis
from .cloud import Resource
from .distributions import read_distribution
from .functions import read_functions
from .http_apis import read_http_apis
from .loops import LOOP
from .model import Stack
from .notes import Notebook
from .roles import foreign_policies, read_roles
from .sources import read_sources
from .template import KNOWN_TRANSFORMS, LANGUAGE_EXTENSIONS, Template, colliding_routes, transforms


def read_stack(
    resources: Mapping[str, Resource],
    *,
    account: str,
    region: str,
    template: Template | None = None,
    notes: Iterable[tuple[str, str]] = (),
) -> Stack:
    """The Stack in `resources`; TemplateError where no API with a stage is in it.

    `template` is where they came from, and gives notes their lines; `notes` are the deployment's own, pairs of
    a logical id and a text.
    """
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources.values():
        by_type[resource.type].append(resource)
    notebook = Notebook(template)
    for logical_id, text in notes:
        notebook.add(logical_id, text)
    for path, text in template.left_out if template is not None else ():
        notebook.add_at(path, text)
    roles = read_roles(by_type, account=account)
    for role in by_type["AWS::IAM::Role"]:
        for policy in foreign_policies(role, by_type):
            notebook.add(
                role.logical_id, f"the policy {policy} is not in this template; here the role may do anything"
            )
    functions = read_functions(by_type, roles=roles, notes=notebook, account=account, region=region)
    names = frozenset(functions)
    http_apis = read_http_apis(by_type, functions=names, notes=notebook, account=account, region=region)
    apis = read_apis(
        by_type, functions=names, notes=notebook, account=account, region=region, needed=not http_apis
    )
    streams, queues = read_sources(by_type, functions=names, notes=notebook)
    for logical_id, keys in colliding_routes(template or {}):
        notebook.add(
            logical_id,
            f"SAM makes one route of {' and '.join(keys)}, whose names differ in their first letter only",
        )
    asked = transforms(template or {})
    for key in (template or {"Resources": {}})["Resources"]:
        if key.startswith(LOOP) and LANGUAGE_EXTENSIONS not in asked:
            notebook.add(key, f"in the cloud a loop takes Transform: {LANGUAGE_EXTENSIONS}")
    for name in asked:
        if name not in KNOWN_TRANSFORMS:
            notebook.add(
                f"Transform.{name}", "this transform is not run here; the template is taken as it is"
            )
    return Stack(
        functions=functions,
        apis=apis,
        http_apis=http_apis,
        stream_mappings=streams,
        queue_mappings=queues,
        edge_sources=tuple(
            str(item.properties["FunctionCode"])
            for item in by_type["AWS::CloudFront::Function"]
            if "FunctionCode" in item.properties
        ),
        distribution=read_distribution(by_type, notes=notebook),
        roles=roles,
        tables={
            item.logical_id: item.id
            for kind in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
            for item in by_type[kind]
        },
        secrets={item.logical_id: item.id for item in by_type["AWS::SecretsManager::Secret"]},
        notes=notebook.all(),
    )
