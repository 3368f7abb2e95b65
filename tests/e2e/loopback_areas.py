#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""loopback_areas.py ADDRESS PORT FILE - what reaches UDP at a port of this host, with the octets behind UDP Length, as a capture
(LINKTYPE_RAW) until SIGTERM. A capture of the interface itself would show a segment train before it is cut and patched. IPv6
raw sockets leave out the IP header: it is written anew. A checksum that the kernel left to a device (here none computes it) is
computed; others stay as they are."""
import signal, socket, struct, sys, time

address, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
six = ":" in address
sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
sock.bind((address, 0))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def fold(octets):
    octets += bytes(len(octets) & 1)
    total = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def with_checksum(udp, far, near):
    """Left to a device, the field holds the sum of the pseudo header alone, over all that is behind the IP header."""
    seed = fold(far + near + struct.pack("!II", len(udp), 17))
    if struct.unpack_from("!H", udp, 6)[0] != seed:
        return udp
    return udp[:6] + struct.pack("!H", fold(udp) ^ 0xFFFF or 0xFFFF) + udp[8:]


own = socket.inet_pton(sock.family, address)
with open(name, "wb", buffering=0) as out:
    out.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    print("ready", flush=True)
    while True:
        octets, source = sock.recvfrom(65535)
        now = time.time_ns()
        udp = octets if six else octets[(octets[0] & 15) * 4:]
        if len(udp) < 8 or struct.unpack_from("!H", udp, 2)[0] != port:
            continue
        far = socket.inet_pton(sock.family, source[0].partition("%")[0])
        head = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + far + own if six else octets[:len(octets) - len(udp)]
        octets = head + with_checksum(udp, far, own)
        out.write(struct.pack("=IIII", now // 10**9, now // 1000 % 10**6, len(octets), len(octets)) + octets)
