"""Kept-alive HTTP/1.1 connections that cost the generator next to nothing."""

import asyncio
import socket


class Connection(asyncio.Protocol):
    """A minimal HTTP/1.1 client; one request at a time."""

    def __init__(self):
        self.buffer = bytearray()
        self.answer: asyncio.Future | None = None
        self.transport = None
        self.open = False

    def connection_made(self, transport):
        self.transport, self.open = transport, True
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error):
        self.open = False
        if self.answer is None or self.answer.done():
            return
        end = self.buffer.find(b"\r\n\r\n")
        if end >= 0 and b"content-length" not in bytes(self.buffer[:end]).lower():
            self.finish(bytes(self.buffer[end + 4 :]), close=True)
        else:
            self.answer.set_exception(error or ConnectionResetError("closed"))

    def data_received(self, data):
        self.buffer += data
        if self.answer is None or self.answer.done():
            return
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        close = b"connection: close" in head
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            size = int(head[at + 17 :].split(b"\r\n", 1)[0])
            if len(self.buffer) >= end + 4 + size:
                self.finish(bytes(self.buffer[end + 4 : end + 4 + size]), close)
        elif b"transfer-encoding: chunked" in head:
            if self.buffer.endswith(b"0\r\n\r\n"):
                self.finish(bytes(self.buffer[end + 4 :]), close)
        elif head.split(b" ", 2)[1][:3] in (b"204", b"304"):
            self.finish(b"", close)

    def finish(self, body: bytes, close: bool) -> None:
        status = int(bytes(self.buffer[9:12]))
        self.buffer.clear()
        if close:
            self.open = False
            self.transport.close()
        self.answer.set_result((status, body))

    def send(self, request: bytes) -> asyncio.Future:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer

    def abort(self) -> None:
        self.open = False
        self.transport.abort()


class Pool:
    """A connection per slot, opened when it is needed."""

    def __init__(self, host: str, port: int, slots: int, timeout: float):
        self.host, self.port, self.timeout = host, port, timeout
        self.connections: list[Connection | None] = [None] * slots
        self.connects = 0

    async def exchange(self, slot: int, request: bytes) -> tuple[int, bytes]:
        """Send on the slot's connection; once more when a kept one was closed under us."""
        connection = self.connections[slot]
        if connection is not None and connection.open:
            try:
                return await asyncio.wait_for(connection.send(request), self.timeout)
            except OSError:
                pass  # the server may close an idle connection at any time
        connection = await self.connect(slot)
        return await asyncio.wait_for(connection.send(request), self.timeout)

    async def connect(self, slot: int) -> Connection:
        opening = asyncio.get_running_loop().create_connection(Connection, self.host, self.port)
        _, connection = await asyncio.wait_for(opening, self.timeout)
        self.connections[slot] = connection
        self.connects += 1
        return connection

    def drop(self, slot: int) -> None:
        if connection := self.connections[slot]:
            connection.abort()
            self.connections[slot] = None
