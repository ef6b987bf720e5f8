"""A synchronous HTTP library in a coroutine, here urllib, against a server that takes its time.

looptrace must show:
    report: finding sync_library line=HERE severity=error remedy~httpx
    report: finding blocking_call
    report: 1.2 s
"""
import asyncio
import http.server
import threading
import time
import urllib.request

import _tour


class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.15)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


async def poll(port):
    while True:
        urllib.request.urlopen("http://127.0.0.1:{}/".format(port)).read()  # HERE
        await asyncio.sleep(0.05)


async def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept = asyncio.create_task(poll(server.server_port), name="poller")
    _tour.now()
    await kept


asyncio.run(main())
