"""A synchronous HTTP client inside a coroutine.

looptrace must show: cause blocking_call in fetch, urllib.request as the call, and an asynchronous
client as the remedy.
"""
import http.server
import threading
import time
import urllib.request

import _stall


class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.12)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


SERVER = http.server.HTTPServer(("127.0.0.1", 0), Slow)


def fetch():
    url = "http://127.0.0.1:%d/" % SERVER.server_address[1]
    urllib.request.urlopen(url).read()  # here


threading.Thread(target=SERVER.serve_forever, daemon=True).start()
_stall.run(_stall.several("blocking_call", fetch, names="urllib"))
