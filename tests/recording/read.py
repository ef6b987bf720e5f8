"""Reads a recording by docs/recording-format.md alone and prints one line of numbers per event.

It exists to show that the description suffices; texts are printed in hexadecimal.
"""

import struct
import sys
import zlib


def unlz4(data):
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        if nibble == 15:
            while True:
                at += 1
                nibble += data[at - 1]
                if data[at - 1] != 255:
                    break
        return nibble

    while True:
        token = data[at]
        at += 1
        literals = length(token >> 4)
        out += data[at : at + literals]
        at += literals
        if at == len(data):
            return bytes(out)
        offset = data[at] | data[at + 1] << 8
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])


class Numbers:
    """The bytes of one column, taken from the front."""

    def __init__(self, data=b""):
        self.data, self.at, self.last = data, 0, 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self):
        folded = self.varint()
        return folded >> 1 ^ -(folded & 1)

    def delta(self):
        self.last = (self.last + self.signed()) % 2**64
        return self.last

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


class Block:
    def __init__(self, payload):
        front = Numbers(payload)
        self.events, columns = front.varint(), front.varint()
        directory = [(front.take(1)[0], front.varint()) for _ in range(columns)]
        self.columns = {code: Numbers(front.take(length)) for code, length in directory}
        assert front.at == len(payload)
        self.clock, self.beats, self.looks, self.shapes = 0, {}, [], []
        self.callbacks = {}

    def n(self, code):
        return self.columns[code].varint()

    def d(self, code):
        return self.columns[code].delta()

    def time(self, code):
        self.clock = (self.clock + self.columns[code].signed()) % 2**64
        return self.clock

    def beat(self, code, thread):
        last, step = self.beats.get(thread, (self.clock, 0))
        time = (last + step + self.columns[code].signed()) % 2**64
        self.beats[thread] = time, (time - last) % 2**64
        self.clock = time
        return time

    def text(self):
        length = self.n(1)
        return self.columns.get(2, Numbers()).take(length).hex() or "-"

    def event(self, kind):
        n, d, time, text = self.n, self.d, self.time, self.text
        if kind == 0:
            return [d(3), text()]
        if kind == 1:
            head = [n(4), n(4), time(4), n(4)]
            return head + [text() for _ in range(head[3] + 1)]
        if kind in (2, 14):
            return [n({2: 5, 14: 32}[kind]), time({2: 5, 14: 32}[kind])]
        if kind == 10:
            return [n(22) for _ in range(4)] + [n(47)]
        if kind in (3, 4, 5, 9):
            code, count = {3: (6, 4), 4: (7, 4), 5: (8, 5), 9: (21, 2)}[kind]
            return [n(code) for _ in range(count)]
        if kind in (6, 7):
            return [d({6: 9, 7: 12}[kind] + nth) for nth in range(3)]
        if kind == 8:
            return [d(15), n(16), d(17), n(18), n(19), n(20)]
        if kind == 11:
            look = n(23)
            if look == len(self.looks):
                self.looks.append([n(25), d(26), d(27), n(28), n(29)])
            look = self.looks[look]
            last = self.callbacks.setdefault(look[0], [0, 0])
            for nth, code in enumerate((51, 52)):
                last[nth] = (last[nth] + self.columns[code].signed()) % 2**64
            return [self.beat(24, look[0])] + look + last
        if kind in (12, 13):
            code = {12: 30, 13: 31}[kind]
            thread = n(code)
            return [thread, self.beat(code, thread)] + [n(code) for _ in range(kind - 11)]
        if kind == 15:
            task, shape = d(34), n(35)
            if shape == len(self.shapes):
                self.shapes.append([n(36), d(37), d(38), n(39)])
            return [task] + self.shapes[shape]
        if kind == 16:
            return [d(40)] + [d(42) for _ in range(n(41))]
        if kind == 17:
            return [d(43)]
        if kind in (81, 82):
            return [n(kind + 6) for _ in range({81: 2, 82: 4}[kind])]
        if kind == 80:
            head = [d(48)] + [n(49) for _ in range(5)]
            return head + [d(50) for _ in range(head[5])]
        if kind == 18:
            return [n(33), time(33)] + [n(33) for _ in range(4)]
        if kind in (19, 20, 21):
            return [time(kind + 25)] + [n(kind + 25) for _ in range({19: 1, 20: 5, 21: 1}[kind])]
        return self.optional(kind)

    def optional(self, kind):
        n, d, time = self.n, self.d, self.time
        if kind == 65:
            return [n(54), d(55), n(56), n(57)]
        if kind == 66:
            return [n(58), d(59), n(60), n(61), n(62), n(61), n(62)]
        if kind == 68:
            return [n(64), time(65), d(66), d(67), d(68), d(69), n(70)]
        if kind == 69:
            return [time(71), d(72), d(73), n(74)]
        if kind == 70:
            return [n(75) for _ in range(6)]
        if kind == 72:
            return [n(77) for _ in range(3)]
        if kind == 75:
            head = [n(80), time(80), n(80), n(80)]
            return head + [n(80) for _ in range(3 * head[3])]
        if kind == 78:
            head = [n(83), time(83), n(83), n(83)]
            for _ in range(head[3]):
                head += [d(84), n(85)]
                head += [d(86)] if head[-1] & 1 else []
            return head
        code, more = {64: (53, 1), 67: (63, 2), 71: (76, 3), 73: (78, 1), 74: (79, 3),
                      76: (81, 3), 77: (82, 1), 83: (89, 1), 84: (90, 1)}[kind]
        return [n(code), time(code)] + [n(code) for _ in range(more)]


def main(data):
    assert data[:8] == b"\x89LTR\r\n\x1a\n" and data[8:10] == b"\x01\x00"
    assert struct.unpack("<I", data[12:16])[0] == zlib.crc32(data[:12])
    at, kinds, total = 16, [], 0
    while at < len(data):
        stored, raw, kind, flags, zero, crc = struct.unpack("<IIBBHI", data[at : at + 16])
        payload = data[at + 16 : at + 16 + stored]
        assert crc == zlib.crc32(payload, zlib.crc32(data[at : at + 12])) and zero == 0
        payload = unlz4(payload) if flags & 1 else payload
        assert len(payload) == raw
        kinds.append(kind)
        if kind == 2:
            block = Block(payload)
            total += block.events
            while block.events:
                event, run = block.n(0), block.n(0)
                block.events -= run
                for _ in range(run):
                    print(event, *block.event(event))
            assert all(column.at == len(column.data) for column in block.columns.values())
        if kind == 3:
            summary_at = at
        at += 16 + stored
    assert kinds[0] == 1 and kinds[-2:] == [3, 4] and set(kinds[1:-2]) <= {2}
    assert struct.unpack("<QQ", data[-16:]) == (summary_at, total)


main(open(sys.argv[1], "rb").read())
