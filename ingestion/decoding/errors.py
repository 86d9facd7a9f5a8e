"""Why a request is refused."""


class CaptureError(Exception):
    """A request is refused as a whole: `status` and `text` are the answer."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status
        self.text = text


class NothingSent(CaptureError):
    def __init__(self):
        super().__init__(400, "request missing data payload")


class Undecodable(CaptureError):
    """The bytes are not in the encoding they should be in."""

    def __init__(self, reason: str):
        super().__init__(400, f"failed to decode request: {reason}")


class Unparsable(CaptureError):
    """The text is no JSON, or JSON of another shape."""

    def __init__(self, reason: str):
        super().__init__(400, f"failed to parse request: {reason}")


class TooLarge(CaptureError):
    def __init__(self, limit: int, what: str = "payload"):
        super().__init__(
            413, f"maximum event size exceeded: the {what} is larger than {limit} bytes"
        )


class TooMany(CaptureError):
    def __init__(self, limit: int):
        super().__init__(
            413, f"maximum event size exceeded: a request may hold no more than {limit} events"
        )


class InvalidToken(CaptureError):
    def __init__(self, text: str):
        super().__init__(401, text)
