"""A synchronous redis client inside a coroutine; its server is a stub that takes its time.

needs: redis

looptrace must show: cause blocking_call in fetch, redis as the call, the address of the server, and
redis.asyncio as the remedy.
"""
import socketserver
import threading
import time

import redis

import _stall


class Slow(socketserver.StreamRequestHandler):
    """Says OK to everything, and `ok` to GET after a while."""

    def handle(self):
        while True:
            head = self.rfile.readline()
            if not head:
                return
            words = []
            for _ in range(int(head[1:])):
                length = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(length + 2)[:-2])
            if words[0] == b"GET":
                time.sleep(0.12)
                self.wfile.write(b"$2\r\nok\r\n")
            else:
                self.wfile.write(b"+OK\r\n")


SERVER = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow)
SERVER.daemon_threads = True
PORT = SERVER.server_address[1]
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
CLIENT = redis.Redis(port=PORT, protocol=2)


def fetch():
    assert CLIENT.get("key") == b"ok"  # here


_stall.run(_stall.several("blocking_call", fetch, names=["redis", "127.0.0.1:%d" % PORT]))
