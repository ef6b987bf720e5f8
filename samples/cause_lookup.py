"""A host name that is looked up at a name server that takes its time.

looptrace must show: cause blocking_call in find, socket.getaddrinfo as the call, with the address of the
name server, and the loop's own getaddrinfo as the remedy.

The name server is this program's own: glibc lets a thread choose where its resolver asks.
"""
import ctypes
import socket
import struct
import threading
import time

import _stall

# Of `struct __res_state`: the number of name servers, and the address of the first one.
COUNT = 16
FIRST = 20

SERVER = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
SERVER.bind(("127.0.0.1", 0))


def serve():
    """Answers every question for an address: 192.0.2.1."""
    while True:
        question, peer = SERVER.recvfrom(512)
        time.sleep(0.12)
        end = question.index(b"\0", 12) + 5
        head = question[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, 1, 0, 0)
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton("192.0.2.1")
        SERVER.sendto(head + question[12:end] + answer, peer)


def ask_here():
    """Has this thread's resolver ask the server above."""
    libc = ctypes.CDLL(None)
    libc.__res_init()
    libc.__res_state.restype = ctypes.c_void_p
    state = libc.__res_state()
    port = SERVER.getsockname()[1]
    address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port)
    address += socket.inet_aton("127.0.0.1") + bytes(8)
    ctypes.memmove(state + FIRST, address, len(address))
    ctypes.memmove(state + COUNT, struct.pack("=i", 1), 4)


def find():
    found = socket.getaddrinfo("slow.example.", 80, socket.AF_INET)  # here
    assert found[0][4][0] == "192.0.2.1", found


ask_here()
threading.Thread(target=serve, daemon=True).start()
ADDRESS = "127.0.0.1:%d" % SERVER.getsockname()[1]
_stall.run(_stall.several("blocking_call", find, names=["getaddrinfo", ADDRESS]))
