"""A synchronous database client inside a coroutine; its server is a stub that takes its time.

needs: psycopg

looptrace must show: cause blocking_call in fetch, psycopg as the call, the address of the server, and
psycopg.AsyncConnection as the remedy.
"""
import socketserver
import struct
import threading
import time

import psycopg

import _stall

GREETING = 196608
READY = b"Z" + struct.pack(">I", 5) + b"I"
SETTINGS = {"server_version": "16.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"}


def message(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


def setting(name):
    return message(b"S", name.encode() + b"\0" + SETTINGS[name].encode() + b"\0")


# One row with one column, the text 1.
COLUMN = message(b"T", struct.pack(">H", 1) + b"x\0" + struct.pack(">IHIhih", 0, 0, 25, -1, -1, 0))
ROW = message(b"D", struct.pack(">HI", 1, 1) + b"1")
ANSWER = COLUMN + ROW + message(b"C", b"SELECT 1\0") + READY


class Slow(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            length, code = struct.unpack(">II", self.rfile.read(8))
            self.rfile.read(length - 8)
            if code >> 16 == GREETING >> 16:
                break
            # Encryption is not to be had.
            self.wfile.write(b"N")
        settings = b"".join(map(setting, SETTINGS))
        self.wfile.write(message(b"R", struct.pack(">I", 0)) + settings + READY)
        while True:
            kind = self.rfile.read(1)
            if kind in (b"", b"X"):
                return
            self.rfile.read(struct.unpack(">I", self.rfile.read(4))[0] - 4)
            if kind == b"Q":
                time.sleep(0.12)
                self.wfile.write(ANSWER)


SERVER = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow)
SERVER.daemon_threads = True
PORT = SERVER.server_address[1]
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
CLIENT = psycopg.connect("host=127.0.0.1 port=%d user=x dbname=x" % PORT, autocommit=True)


def fetch():
    assert CLIENT.execute("select x").fetchall() == [("1",)]  # here


_stall.run(_stall.several("blocking_call", fetch, names=["psycopg", "127.0.0.1:%d" % PORT]))
