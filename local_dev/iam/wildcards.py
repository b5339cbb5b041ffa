"""IAM's wildcards: `*` is any text, slashes included, `?` is one character. Pure.

Not a regular expression, because one with several `*` can take for ever.
"""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern, in at most len(pattern) * len(text) steps."""
    at, position = 0, 0
    star, resume = -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[position]):
            at, position = at + 1, position + 1
        elif star >= 0:  # let the last star take one character more
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[at:])
