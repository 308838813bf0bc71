"""As much of HTTP/1.1 as the load needs, with nothing between it and the socket: a request is
sent once, and whoever does not get its answer is told so."""

import asyncio


class Broken(Exception):
    """No whole answer came. Whether the request did anything, nobody knows."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


class Client:
    """One connection at a time to one port; requests carry the Host that the world knows."""

    def __init__(self, port, host):
        self.port, self.host, self.streams = port, host, None

    async def ask(self, method, path, headers=(), body=b"", patience=20):
        try:
            return await asyncio.wait_for(self._ask(method, path, headers, body), patience)
        except (OSError, EOFError, asyncio.TimeoutError, ValueError, IndexError) as error:
            self.close()
            raise Broken(repr(error)) from error

    async def _ask(self, method, path, headers, body):
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = [line.split(": ", 1) for line in head[1:] if line]
        headers = [(name.lower(), value) for name, value in headers]
        answer = Answer(int(head[0].split(" ")[1]), headers, b"")
        length = int(answer.header("content-length") or 0)
        answer.body = await reader.readexactly(length)
        if answer.header("connection") == "close":
            self.close()
        return answer

    def close(self):
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None
