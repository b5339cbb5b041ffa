"""The tree of errors of the local gateway; each one's text is a single line that a person can act on.

LocalError
├── TemplateError       the template or a parameter cannot be used
├── DeployError         the stack could not be created
├── ListenError         the port cannot be had
├── AssumptionError     a switch of --assume that there is not
├── EdgeError           the CloudFront function failed
└── FunctionError       an invocation did not produce a result
    ├── FunctionRaised      the handler raised, or answered nothing that is JSON
    ├── FunctionTimedOut    the function's own Timeout passed; its worker was killed
    ├── FunctionExited      the worker's process ended under the invocation
    └── FunctionThrottled   too many invocations wait already, or there is no such function
"""


class LocalError(Exception):
    """Root of all errors of the local gateway."""


class TemplateError(LocalError):
    """The template, a file it includes or a parameter given for it cannot be used."""


class DeployError(LocalError):
    """The stack could not be created from the template."""


class ListenError(LocalError):
    """The address cannot be listened on."""


class AssumptionError(LocalError):
    """A switch that there is not, or a value that it does not take."""


class EdgeError(LocalError):
    """The CloudFront function raised or answered something that is neither a request nor a response."""


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


class FunctionThrottled(FunctionError):
    """The invocation was not taken on: too many wait for the function already, or there is none of that name."""
