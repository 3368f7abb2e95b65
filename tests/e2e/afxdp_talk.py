# SPDX-License-Identifier: BSD-3-Clause
# afxdp_talk.py ADDRESS PORT ORDERS MADE [FROM-TO] - sends RTP, a hundred datagrams a second, of FROM to TO octets in turn, and notes
# in MADE, in hexadecimal digits, each that the kernel or the library took. Lines from ORDERS tell it what else to do: "steal" closes
# the AF_XDP socket and the connection it came by, "steal all" every descriptor it has not opened itself, "fork" makes a child that
# sends in its own name for as long, "end" ends.
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
        if word == "fork":
            notes.flush()
            if os.fork() == 0:
                source = 8
                out, notes = begin()
                told = open(orders + ".child")
    length = low + number % (high - low + 1)
    body = struct.pack(">BBHII", 128, 224, number & 65535, number * 900, source) + b"\x41" + struct.pack(">I", number)
    body = (body + bytes(length))[:max(length, len(body))]
    number += 1
    try:
        out.sendto(body, (host, port))
    except OSError:
        continue
    notes.write(body.hex() + "\n")
    notes.flush()
notes.close()
if source == 7:
    try:
        os.wait()
    except ChildProcessError:
        pass
