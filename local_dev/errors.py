"""The tree of errors of the local gateway; each one's text is a single line that a person can act on.

LocalError
├── TemplateError       the template or a parameter cannot be used
├── DeployError         the stack could not be created
├── ListenError         the port cannot be had
├── EndpointError       --aws-endpoint cannot be used
├── AssumptionError     a switch of --assume that there is not
├── FaultsError         a rule of --faults cannot be read
├── ModelError          a request model is no JSON schema
├── EdgeError           the CloudFront function failed
├── TicketError         a ticket cannot be issued
├── DebugError          --debug names a function that there is not, or debugpy is missing
├── RequestRefused      a signed request is answered with an error of AWS's
│   ├── SignatureError      its signature is missing, malformed, wrong or out of date
│   └── AccessDenied        it is signed well, but its signer's policies do not allow it
└── FunctionError       an invocation did not produce a result
    ├── FunctionRaised      the handler raised, or answered nothing that is JSON
    ├── FunctionTimedOut    the function's own Timeout passed; its worker was killed
    ├── FunctionExited      the worker's process ended under the invocation
    │   └── FunctionNotLoaded   its module could not be loaded; the runtime has printed why
    └── FunctionThrottled   too many invocations wait already, or there is no such function
"""


class LocalError(Exception):
    """Root of all errors of the local gateway."""


class TemplateError(LocalError):
    """The template, a file it includes or a parameter given for it cannot be used."""


class DeployError(LocalError):
    """The stack could not be created from the template. `logical_id` names the resource, where it was one."""

    def __init__(self, message: str, *, logical_id: str | None = None) -> None:
        super().__init__(message)
        self.logical_id = logical_id


class CertificateError(LocalError):
    """There is no certificate to serve TLS with."""


class ListenError(LocalError):
    """The address cannot be listened on."""


class EndpointError(LocalError):
    """An `--aws-endpoint` that cannot be read, or that nothing answers at."""


class AssumptionError(LocalError):
    """A switch that there is not, or a value that it does not take."""


class FaultsError(LocalError):
    """What is to go wrong is not said in a way that can be read."""


class ModelError(LocalError):
    """A route's request model is no JSON schema, or refers to something outside itself."""


class EdgeError(LocalError):
    """The CloudFront function raised or answered something that is neither a request nor a response."""


class RequestRefused(LocalError):
    """A signed request is refused with an HTTP status, AWS's name for the error and a text for the client."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error_type, self.message = status, error_type, message


class SignatureError(RequestRefused):
    """The signature is missing, malformed, wrong or out of date."""


class AccessDenied(RequestRefused):
    """The signer's policies do not allow it."""


class TicketError(LocalError):
    """A ticket cannot be issued: no gateway answers, it has no such secret, or PyJWT is missing."""


class DebugError(LocalError):
    """A function cannot be debugged as it was asked for."""


class FunctionError(LocalError):
    """An invocation did not produce a result. `error_type` is Lambda's name for what happened."""

    def __init__(self, message: str, *, error_type: str = "Unhandled") -> None:
        super().__init__(message)
        self.error_type = error_type


class FunctionRaised(FunctionError):
    """The handler raised; `error_type` is the exception's name."""


class FunctionTimedOut(FunctionError):
    """The function's Timeout passed."""


class FunctionExited(FunctionError):
    """The worker's process ended before it answered, or its module could not be imported."""


class FunctionNotLoaded(FunctionExited):
    """The handler's module raised while it was loaded. The runtime has printed the trace."""


class FunctionThrottled(FunctionError):
    """The invocation was not taken on: too many wait for the function already, or there is none of that name."""
