"""The agents of one side of routes.py, in a process of their own: each answers with the name of its session.

Told by lines on standard input: `listen NAME PORT` and `close NAME`. An agent that closes leaves its connections open, so
that whoever still has one could ask it.
"""

import asyncio
import sys


class Agent:
    def __init__(self, name):
        self.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode()
        self.server = None

    async def listen(self, port):
        while True:
            try:
                self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, reuse_address=True)
                return
            except OSError:
                # The other side leaves the port just now.
                await asyncio.sleep(0.001)

    async def serve(self, reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    def close(self):
        self.server.close()


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    agents = {}
    while line := (await lines.readline()).decode().split():
        if line[0] == "listen":
            agents[line[1]] = Agent(line[1])
            await agents[line[1]].listen(int(line[2]))
        else:
            agents.pop(line[1]).close()
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
