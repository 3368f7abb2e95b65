// SPDX-License-Identifier: BSD-3-Clause
// hintcpp PORT - hints by a C++ program: a key frame of two packets by control messages, then one packet by the socket.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>

#include <mdshim/hints.h>

int main(int argc, char **argv)
{
	sockaddr_in to{};
	alignas(cmsghdr) unsigned char control[MD_HINT_SPACE];
	unsigned char packet[300] = { 0x80, 96 };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	md_hint hint{};

	to.sin_family = AF_INET;
	to.sin_port = htons(static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 5004));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	hint.version = MD_HINT_VERSION;
	hint.given = MD_HINT_MDU | MD_HINT_START | MD_HINT_END | MD_HINT_IMPORTANCE;
	for (unsigned i = 0; i < 3; i++) {
		iovec iov{ packet, sizeof packet };
		msghdr msg{};

		packet[3] = static_cast<unsigned char>(i);
		hint.mdu = i / 2;
		hint.start = i != 1;
		hint.end = i != 0;
		hint.importance = i < 2 ? MD_IS_KEY : MD_IS_DISCARDABLE;
		msg.msg_name = &to;
		msg.msg_namelen = sizeof to;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		msg.msg_control = control;
		if (i < 2)
			msg.msg_controllen = md_hint_put(control, 0, sizeof control, &hint);
		else if (!md_hint_valid(&hint) || setsockopt(fd, MD_HINT_LEVEL, MD_HINT_SOCKET, &hint, sizeof hint) != 0)
			return 2;
		if (sendmsg(fd, &msg, 0) < 0)
			return std::perror("sendmsg"), 1;
	}
	return 0;
}
