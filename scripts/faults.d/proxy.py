"""Passes TCP connections on, and cuts all of them when it gets SIGUSR1.

proxy.py LISTEN_PORT:TARGET_PORT ...
"""

import asyncio
import signal
import socket
import struct
import sys

writers = set()


def cut():
    for writer in list(writers):
        # A reset, not a goodbye: lingering for zero seconds.
        raw = writer.get_extra_info("socket")
        if not writer.is_closing() and raw is not None and raw.fileno() != -1:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(listen, target):
    async def passed(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there[1]}
        writers.update(both)
        try:
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        finally:
            writers.difference_update(both)

    return await asyncio.start_server(passed, "127.0.0.1", listen, backlog=512)


async def main():
    servers = [await serve(*map(int, pair.split(":"))) for pair in sys.argv[1:]]
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, cut)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
