"""A blocking socket whose peer takes its time to answer.

looptrace must show: cause blocking_call in ask, with recv and the address of the peer.
"""
import socket
import threading
import time

import _stall

SERVER = socket.create_server(("127.0.0.1", 0))


def serve():
    while True:
        connection, _ = SERVER.accept()
        connection.recv(16)
        time.sleep(0.12)
        connection.sendall(b"answer")


def ask():
    with socket.create_connection(SERVER.getsockname()) as connection:
        connection.sendall(b"question")
        connection.recv(16)  # here


threading.Thread(target=serve, daemon=True).start()
_stall.run(_stall.several("blocking_call", ask, names="127.0.0.1:%d" % SERVER.getsockname()[1]))
