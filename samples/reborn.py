"""Functions made of strings, each called once and dropped, so that the next one has its place.

looptrace must show: at every instant the name of the function that runs then.
"""
import json
import os
import threading
import time

COUNT = 150
SPIN_NS = 10_000_000
SOURCE = """
def made_{0}(until):
    while clock() < until:
        pass
"""


def say(word, value):
    data = "{} {}\n".format(word, json.dumps(value)).encode()
    while data:
        data = data[os.write(1, data) :]


def run():
    clock = time.monotonic_ns
    calls, places = [], set()
    for number in range(COUNT):
        names = {"clock": clock}
        exec(SOURCE.format(number), names)
        function = names.pop("made_{}".format(number))
        start = clock()
        function(start + SPIN_NS)
        calls.append(("made_{}".format(number), start, clock()))
        places.add(id(function.__code__))
    say("CALLS", {"calls": calls, "places": len(places)})


say("READY", {"pid": os.getpid()})
os.read(0, 100)
run()
os.read(0, 100)
