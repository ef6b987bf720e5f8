#!/usr/bin/env python3
"""Draws what a command prints to a terminal as an SVG.

    docs/images/terminal.py -o docs/images/report.svg --lines 1-24 -- looptrace report FILE

The command runs in a pseudo-terminal of the given width; what is drawn is what it printed there,
colours included. --lines keeps some of the lines (`1-20,31-40`, a cut is shown as `⋮`), --shown
replaces the command line in the first line of the picture.
"""
import argparse
import fcntl
import html
import os
import pty
import re
import shlex
import struct
import termios
import unicodedata

CELL = (8.4, 18)  # pixels: a character of a 14 px monospace font, a line
MARGIN = 16
COLOURS = {  # SGR number -> colour
    30: "#484f58", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341",
    34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 37: "#d0d7de", 90: "#8b949e",
}
TEXT, DIM, BACKGROUND = "#d0d7de", "#8b949e", "#0d1117"
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def run(command, columns):
    """What `command` writes to a terminal of that width."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(columns))
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    output = bytearray()
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux says EIO once the other end is closed
            break
        if not data:
            break
        output += data
    os.waitpid(pid, 0)
    return output.decode("utf-8", "replace")


class Screen:
    """Lines of (character, style); knows what line-oriented programs use."""

    def __init__(self):
        self.lines = [[]]
        self.column = 0
        self.style = (TEXT, False)

    def feed(self, text):
        at = 0
        while at < len(text):
            escape = ESCAPE.match(text, at)
            if escape:
                self.escape(*escape.groups())
                at = escape.end()
                continue
            character = text[at]
            at += 1
            if character == "\n":
                self.lines.append([])
                self.column = 0
            elif character == "\r":
                self.column = 0
            elif character >= " ":
                self.put(character)

    def put(self, character):
        line = self.lines[-1]
        line.extend([(" ", self.style)] * (self.column + 1 - len(line)))
        line[self.column] = (character, self.style)
        self.column += 1

    def escape(self, arguments, final):
        if final == "K" and arguments == "2":
            self.lines[-1].clear()
        if final != "m":
            return
        colour, bold = self.style
        for number in [int(part or 0) for part in arguments.split(";")]:
            if number == 0:
                colour, bold = TEXT, False
            elif number == 1:
                bold = True
            elif number == 2:
                colour = DIM
            elif number == 39:
                colour = TEXT
            elif number in COLOURS:
                colour = COLOURS[number]
        self.style = (colour, bold)


def selected(lines, ranges):
    """The lines named by `1-20,31-40`; a cut becomes a line of its own."""
    if not ranges:
        return lines
    kept, end = [], 0
    for part in ranges.split(","):
        first, last = [int(number) for number in part.split("-")]
        if first > end + 1:
            kept.append([("⋮", (DIM, False))])
        kept += lines[first - 1:last]
        end = last
    if end < len(lines):
        kept.append([("⋮", (DIM, False))])
    return kept


def spans(line):
    """Runs of equal style: (column, text, style)."""
    runs = []
    for column, (character, style) in enumerate(line):
        if runs and runs[-1][2] == style:
            runs[-1][1].append(character)
        else:
            runs.append((column, [character], style))
    return [(column, "".join(text), style) for column, text, style in runs if "".join(text).strip()]


def draw(lines, columns):
    width = 2 * MARGIN + columns * CELL[0]
    height = 2 * MARGIN + len(lines) * CELL[1]
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0f} {:.0f}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" '
        'font-size="14">'.format(width, height),
        '<rect width="100%" height="100%" rx="8" fill="{}"/>'.format(BACKGROUND),
    ]
    for row, line in enumerate(lines):
        y = MARGIN + (row + 0.75) * CELL[1]
        for column, text, (colour, bold) in spans(line):
            # The length is given, so that columns line up whatever the font.
            cells = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
            out.append(
                '<text x="{:.1f}" y="{:.1f}" textLength="{:.1f}" fill="{}"{} xml:space="preserve">{}</text>'
                .format(MARGIN + column * CELL[0], y, cells * CELL[0], colour,
                        ' font-weight="bold"' if bold else "", html.escape(text, quote=False))
            )
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--lines", default="", help="such as 1-20,31-40")
    parser.add_argument("--shown", help="the command line to show, where it differs")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    prompt, screen = Screen(), Screen()
    prompt.feed("\x1b[32m$\x1b[0m " + (options.shown or shlex.join(options.command)))
    screen.feed(run(options.command, options.columns).replace("\r\n", "\n"))
    lines = screen.lines
    while lines and not lines[-1]:
        lines.pop()
    lines = prompt.lines + selected(lines, options.lines)
    with open(options.output, "w", encoding="utf-8") as file:
        file.write(draw(lines, options.columns))


if __name__ == "__main__":
    main()
