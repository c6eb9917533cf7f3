"""The client of the Python package `websockets` talks to the app of websocket_clients.rs, whose port is the argument."""

import asyncio
import sys

import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

HOST = f"127.0.0.1:{sys.argv[1]}"
URL = f"ws://{HOST}"


async def status(path, **options):
    try:
        async with websockets.connect(URL + path, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def code(socket):
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 20)
    except ConnectionClosed:
        return socket.close_code, socket.close_reason


async def main():
    async with websockets.connect(URL + "/echo", compression="deflate") as socket:
        assert socket.protocol.extensions == [], "compression is not offered"
        for message in ["grüße", "", b"\x00\xff", "x" * 262_144, b"y" * 262_144]:
            await socket.send(message)
            assert await asyncio.wait_for(socket.recv(), 20) == message
        # In pieces, a message may be longer than a frame.
        await socket.send("z" * 100_000 for _ in range(10))
        assert await asyncio.wait_for(socket.recv(), 20) == "z" * 1_000_000
        await asyncio.wait_for(await socket.ping(b"there?"), 20)
        await socket.close(4321, "bye")
        assert (socket.close_code, socket.close_reason) == (4321, "bye")

    async with websockets.connect(URL + "/echo") as socket:
        await socket.send(b"y" * 262_145)
        assert (await code(socket))[0] == 1009

    async with websockets.connect(URL + "/close") as socket:
        assert await code(socket) == (4000, "game over")

    async with websockets.connect(URL + "/fails") as socket:
        assert (await code(socket))[0] == 1011

    async with websockets.connect(URL + "/speaks", subprotocols=["other", "chat.v1"]) as socket:
        assert socket.subprotocol == "chat.v1"

    assert await status("/echo", origin=f"http://{HOST}") == 101
    assert await status("/echo", origin="https://evil.example") == 403
    assert await status("/nowhere") == 404
    assert await status("/private") == 401

    # Many at once, each with an answer of its own.
    async def one(number):
        async with websockets.connect(URL + "/echo") as socket:
            for turn in range(20):
                await socket.send(f"{number} {turn}")
                assert await asyncio.wait_for(socket.recv(), 20) == f"{number} {turn}"

    await asyncio.gather(*(one(number) for number in range(50)))
    print("all is well")


asyncio.run(main())
