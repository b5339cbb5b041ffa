"""Numbers of the environment. They are parameters of the stack, and CloudFormation knows no whole ones."""

import math


def whole(value: str | int) -> int:
    """A number that has to be whole. A fraction is rounded up: 0 is no limit, which half a connection is not."""
    return math.ceil(float(value))
