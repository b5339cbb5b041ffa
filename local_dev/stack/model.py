"""What runs here of one deployed stack: functions, APIs with their routes, event source mappings, roles.

Plain data. `reader.py` makes it from resolved resources; nobody else needs to know a template.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .distribution import Distribution

if TYPE_CHECKING:
    from .http_model import HttpApi

INTEGRATION_TIMEOUT = 29.0
"""Seconds an integration may take unless the template says less (contract L11)."""


@dataclass(frozen=True)
class Asynchronous:
    """What becomes of a function's asynchronous events: how often one that fails is tried again, for how many seconds
    it is tried, and by ARN who gets its result, who its failure, and who the event itself when it is given up.
    """

    max_retries: int = 2
    max_age: float = 6 * 3600.0
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


@dataclass(frozen=True)
class Function:
    """A Lambda function. `timeout` in seconds, `memory` in MB. `code` is its folder, None where it has
    none here; `layers` are the folders of its local layers, in order. `log_level` counts where `json_logs`.
    """

    name: str
    arn: str
    label: str
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    code: Path | None
    inline_code: str | None = None
    json_logs: bool = False
    log_level: str = "INFO"
    layers: tuple[Path, ...] = ()
    reserved_concurrency: int | None = None
    role: str | None = None
    asynchronous: Asynchronous = Asynchronous()


@dataclass(frozen=True)
class Statement:
    """One statement of an IAM policy. `not_actions` and `not_resources` are set instead of their
    counterparts where the policy has NotAction or NotResource.
    """

    effect: str
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """An IAM role of the stack, by its ARN, with every statement that its policies add up to. `unread` names those of
    its policies that are AWS's own and not known here.
    """

    arn: str
    name: str
    statements: tuple[Statement, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Authorizer:
    """A REQUEST authorizer on $connect: the function's name and the sources that must be present."""

    function: str
    identity_sources: tuple[str, ...] = ()


class Authorization(Enum):
    """What a route asks of a client before it connects."""

    NONE = "NONE"
    CUSTOM = "CUSTOM"
    IAM = "AWS_IAM"


class IntegrationType(Enum):
    """LAMBDA_PROXY gets the whole event; LAMBDA (AWS, non-proxy) gets the message's body; MOCK answers by
    itself.
    """

    LAMBDA_PROXY = "AWS_PROXY"
    LAMBDA = "AWS"
    MOCK = "MOCK"


@dataclass(frozen=True)
class Integration:
    """What a route does. `function` is the physical name, None for MOCK. `timeout` in seconds.

    `asynchronous`: LAMBDA invoked as an event, its result thrown away (contract R22). For MOCK and LAMBDA:
    `request_templates` by template key, `template_selection` the expression that picks one, `responses` the
    response templates by integration response key, each a mapping from template key to text.
    """

    type: IntegrationType
    function: str | None = None
    timeout: float = INTEGRATION_TIMEOUT
    asynchronous: bool = False
    request_templates: Mapping[str, str] = field(default_factory=dict)
    template_selection: str | None = None
    responses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A route; `integration` is None where there is none, or none that runs here.

    `responds`: two-way, with both the selection expression and a RouteResponse `$default` (contract R18).
    `models`: JSON schemas by model selection key; `model_selection` picks one, None means `$default`.
    """

    key: str
    integration: Integration | None = None
    authorization: Authorization = Authorization.NONE
    authorizer: Authorizer | None = None
    api_key_required: bool = False
    responds: bool = False
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    model_selection: str | None = None


@dataclass(frozen=True)
class Throttle:
    """A token bucket: `rate` requests a second, and `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class CustomDomain:
    """A domain name mapped to a stage, under a base path ("" for none)."""

    name: str
    base_path: str


@dataclass(frozen=True)
class Api:
    """One stage of a WebSocket API: an API with several stages appears once for each.

    `throttle` is shared by all routes of the stage that have none of their own in `route_throttles`.
    `api_keys` are the values that the stage's usage plans admit; `generated_keys` those of them that were made
    here, by the logical id of their key, since nobody can know them otherwise.
    """

    id: str
    logical_id: str
    stage: str
    route_selection_expression: str
    routes: Mapping[str, Route]
    region: str
    account: str
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    throttle: Throttle | None = None
    route_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    api_key_selection_expression: str = "$request.header.x-api-key"
    api_keys: frozenset[str] = frozenset()
    generated_keys: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[CustomDomain, ...] = ()

    @property
    def domain_name(self) -> str:
        """The host that clients of the deployed API use (contract E18)."""
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"


@dataclass(frozen=True)
class StreamMapping:
    """An event source mapping from a DynamoDB stream, by its ARN. Times in seconds; `max_retries` and `max_age` None:
    no bound.
    """

    stream: str
    function: str
    batch_size: int = 100
    window: float = 0.0
    patterns: tuple[Mapping[str, Any], ...] = ()
    bisect: bool = False
    partial_responses: bool = False
    max_retries: int | None = None
    max_age: float | None = None
    on_failure: str | None = None
    from_start: bool = True


@dataclass(frozen=True)
class QueueMapping:
    """An event source mapping from an SQS queue, by its ARN. `max_concurrency` None: as many batches at once as the
    function has workers.
    """

    queue: str
    function: str
    batch_size: int = 10
    window: float = 0.0
    patterns: tuple[Mapping[str, Any], ...] = ()
    partial_responses: bool = False
    max_concurrency: int | None = None


@dataclass(frozen=True)
class Note:
    """Something in the template that does not run here. `line` is None where it came from no line."""

    line: int | None
    logical_id: str
    text: str


@dataclass(frozen=True)
class Stack:
    """All that runs here of one deployed stack. `tables` are physical names by logical id, `secrets` ARNs."""

    functions: Mapping[str, Function]
    apis: tuple[Api, ...]
    http_apis: "tuple[HttpApi, ...]" = ()
    stream_mappings: tuple[StreamMapping, ...] = ()
    queue_mappings: tuple[QueueMapping, ...] = ()
    edge_sources: tuple[str, ...] = ()
    distribution: Distribution | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
