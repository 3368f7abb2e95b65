# SPDX-License-Identifier: BSD-3-Clause
# afxdp_talk.py ADDRESS PORT ORDERS MADE [FROM-TO] - sends RTP, a hundred datagrams a second, of FROM to TO octets in turn, and notes
# in MADE, in hexadecimal digits, each that the kernel or the library took. Lines from ORDERS tell it what else to do: "steal" closes
# the AF_XDP socket and the connection it came by, "steal all" every descriptor it has not opened itself, "fork" makes a child that
# sends in its own name for as long, "rows" has it send forty at a time by one sendmmsg(), "end" ends.
import ctypes
import os
import select
import socket
import struct
import sys

host, port, orders, made = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
low, high = (int(n) for n in (sys.argv[5] if len(sys.argv) > 5 else "17-1212").split("-"))
family = socket.AF_INET6 if ":" in host else socket.AF_INET
told = open(orders)
AF_UNIX, SO_DOMAIN, AF_XDP = 1, 39, 44
source = 7
number = 0
row = 1


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Message(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("name_len", ctypes.c_uint32), ("pieces", ctypes.POINTER(Piece)), ("piece_count", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_len", ctypes.c_size_t), ("flags", ctypes.c_int)]


class OneOfMany(ctypes.Structure):
    _fields_ = [("message", Message), ("sent", ctypes.c_uint)]


def make():
    global number
    length = low + number % (high - low + 1)
    body = struct.pack(">BBHII", 128, 224, number & 65535, number * 900, source) + b"\x41" + struct.pack(">I", number)
    number += 1
    return (body + bytes(length))[:max(length, len(body))]


def send(bodies):
    """How many of them were taken."""
    if len(bodies) == 1:
        try:
            out.sendto(bodies[0], (host, port))
            return 1
        except OSError:
            return 0
    out.connect((host, port))
    pieces = (Piece * len(bodies))(*((body, len(body)) for body in bodies))
    messages = (OneOfMany * len(bodies))(*(OneOfMany(Message(None, 0, ctypes.pointer(piece), 1, None, 0, 0)) for piece in pieces))
    return max(ctypes.CDLL(None).sendmmsg(out.fileno(), messages, len(bodies), 0), 0)


def begin():
    return socket.socket(family, socket.SOCK_DGRAM), open("%s.%d" % (made, source), "w")


def domain(fd):
    try:
        with socket.socket(AF_UNIX, socket.SOCK_STREAM, 0, os.dup(fd)) as copy:
            return copy.getsockopt(socket.SOL_SOCKET, SO_DOMAIN)
    except OSError:
        return None


out, notes = begin()
while True:
    if select.select([told], [], [], 0.01)[0]:
        word = told.readline().strip()
        if word == "end":
            break
        if word.startswith("steal"):
            mine = {0, 1, 2, told.fileno(), out.fileno(), notes.fileno()}
            for fd in [int(n) for n in os.listdir("/proc/self/fd")]:
                if fd not in mine and (word == "steal all" or domain(fd) in (AF_UNIX, AF_XDP)):
                    try:
                        os.close(fd)
                    except OSError:
                        pass
        if word == "rows":
            row = 40
        if word == "fork":
            notes.flush()
            if os.fork() == 0:
                source = 8
                out, notes = begin()
                told = open(orders + ".child")
    bodies = [make() for _ in range(row)]
    for body in bodies[:send(bodies)]:
        notes.write(body.hex() + "\n")
    notes.flush()
notes.close()
if source == 7:
    try:
        os.wait()
    except ChildProcessError:
        pass
