"""What a deployment is to run, and how."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import Clock
from .gateway.assumptions import Assumptions
from .stack.cloud import TTL_SWEEP
from .stack.endpoints import Endpoints

if TYPE_CHECKING:
    from .faults.rules import Plan
    from .services import Withheld

log = logging.getLogger(__package__)


@dataclass(frozen=True)
class Options:
    """What to run and where.

    `output` gets each line a function prints, with the function's logical id; `notice` what the gateway
    itself has to say. `https_port`: served there over TLS as well; 0 takes a free one.
    `iam`: signatures and roles are checked, `check_roles`: at AWS's services as well, where each
    role lacks what is `withheld`. `debug` names functions that wait for a
    debugger, `watch`: code is reloaded when it is saved, `warm`: functions are loaded before they are needed,
    `ttl_sweep`: seconds between looks for expired items in moto, 0 for never, `faults` what is to go
    wrong at first; without it nothing can.
    """

    template: Path
    host: str
    port: int
    region: str
    parameters: Mapping[str, str]
    site: Path | None
    output: Callable[[str, str], None]
    notice: Callable[[str], None] = log.info
    clock: Clock = field(default_factory=Clock)
    assumptions: Assumptions = field(default_factory=Assumptions)
    iam: bool = True
    check_roles: bool = False
    withheld: "tuple[Withheld, ...]" = ()
    endpoints: Endpoints = field(default_factory=Endpoints)
    debug: tuple[str, ...] = ()
    watch: bool = False
    warm: bool = False
    https_port: int | None = None
    ttl_sweep: float = TTL_SWEEP
    faults: "Plan | None" = None
