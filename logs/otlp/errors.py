"""Why a request's logs can't be taken."""


class BadInput(ValueError):
    """The body is no export request of logs, in any encoding: sending it again changes nothing."""


class TooLarge(ValueError):
    """The body, or what it unpacks to, is above the limit."""
