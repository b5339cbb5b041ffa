"""What CloudFormation does for each resource type, with the services' own APIs.

moto answers them. What it drops or cannot do is said where it matters, and the resolved definition of every resource
can be asked for as well (`GET /stacks` of the server).
"""

from . import account, api, edge, functions, records, storage, watching
from .handler import Handler

HANDLERS: dict[str, Handler] = {
    **account.HANDLERS,
    **api.HANDLERS,
    **edge.HANDLERS,
    **functions.HANDLERS,
    **records.HANDLERS,
    **storage.HANDLERS,
    **watching.HANDLERS,
}
"""By type."""
