// SPDX-License-Identifier: BSD-3-Clause
// The table of keys: what there is, what it may be, where it goes. Sample file, manual and tests are held against it.
#include <stddef.h>

#include "config_parse.h"

#define PORTS "ports or ranges of ports from 1 to 65535, separated by commas"
#define PREFIXES "IPv4 or IPv6 prefixes, separated by commas"
#define ROW "three numbers D, P, L: D from 0 to 3, P from 1 to 3, L from 0 to 2"
#define ENGINE_NAMES "patch, nft, raw, afxdp, each at most once, separated by commas"
#define YEAR_9999 253402300799

/* section, its name, key, parser, structure, member, lowest, highest, what is expected */
#define KEYS(X)                                                                                                        \
	X(SHIM, "shim", "enabled", parse_bool, config, enabled, 0, 0, "yes or no")                                     \
	X(SHIM, "shim", "processes", parse_patterns, config, process, 0, 0, "program names, separated by commas")      \
	X(SHIM, "shim", "stats_dir", parse_path, config, stats_dir, 0, 0, "a path from / on")                          \
	X(SHIM, "shim", "log_file", parse_path, config, log_file, 0, 0, "a path from / on")                            \
	X(SHIM, "shim", "publish_dir", parse_path, config, publish_dir, 0, 0, "a path from / on")                      \
	X(SHIM, "shim", "broker_socket", parse_path, config, broker_socket, 0, 0, "a path from / on")                  \
	X(SHIM, "shim", "engines", parse_engines, config, engine, 0, 0, ENGINE_NAMES)                                  \
	X(SHIM, "shim", "flows", parse_number, config, flows, 16, 16777216, "a number from 16 to 16777216")            \
	X(SHIM, "shim", "sockets", parse_number, config, sockets, 16, 1048576, "a number from 16 to 1048576")          \
	X(AUTH, "auth", "auth", parse_bool, config, auth, 0, 0, "on or off")                                           \
	X(AUTH, "auth", "keyid", parse_number, config, key.keyid, 0, 255, "a number from 0 to 255")                    \
	X(AUTH, "auth", "algorithm", parse_algorithm, config, key.algorithm, 0, 0, "aes-128-cmac-96 or hmac-sha1-96")  \
	X(AUTH, "auth", "key_file", parse_path, config, key_file, 0, 0, "a path from / on")                            \
	X(AUTH, "auth", "cover", parse_cover, config, key.cover, 64, 65535, "datagram or a number from 64 to 65535")   \
	X(AUTH, "auth", "nat", parse_bool, config, key.nat, 0, 0, "yes or no")                                         \
	X(AUTH, "auth", "not_before", parse_number, config, not_before, 0, YEAR_9999, "seconds since 1970")            \
	X(AUTH, "auth", "not_after", parse_number, config, not_after, 0, YEAR_9999, "seconds since 1970")              \
	X(OPTION, "option", "form", parse_word, config, ids.form, 0, 0, "exp or kind")                                 \
	X(OPTION, "option", "med_exid", parse_number, config, ids.med_exid, 0, 65535, "a number from 0 to 0xffff")     \
	X(OPTION, "option", "ofc_exid", parse_number, config, ids.ofc_exid, 0, 65535, "a number from 0 to 0xffff")     \
	X(OPTION, "option", "token_exid", parse_number, config, ids.token_exid, 0, 65535, "a number from 0 to 0xffff") \
	X(OPTION, "option", "med_kind", parse_number, config, ids.med_kind, 10, 126, "a number from 10 to 126")        \
	X(OPTION, "option", "ofc_kind", parse_number, config, ids.ofc_kind, 10, 126, "a number from 10 to 126")        \
	X(OPTION, "option", "ofc_legacy16", parse_bool, config, ids.legacy16, 0, 0, "yes or no")                       \
	X(OPTION, "option", "bq_unit", parse_number, config, bq_unit, 1, 1000000, "octets from 1 to 1000000")          \
	X(PAYLOAD, "payload", "N", parse_format, config, reading.format, 0, 0,                                         \
		"h264, h265, vp8, vp9, av1, mpegts, audio, rtx, fec or video")                                         \
	X(EXTENSION, "extension", "dependency_descriptor", parse_number, config, reading.dd_id, 1, 255,                \
		"a number from 1 to 255")                                                                              \
	X(EXTENSION, "extension", "frame_marking", parse_number, config, reading.framemark_id, 1, 255,                 \
		"a number from 1 to 255")                                                                              \
	X(EXTENSION, "extension", "mid", parse_number, config, reading.mid_id, 1, 255, "a number from 1 to 255")       \
	X(CLASSIFIER, "classifier", "turn_servers", parse_prefixes, config, turn, 0, 0, PREFIXES)                      \
	X(CLASSIFIER, "classifier", "h265_don", parse_bool, config, reading.h265_don, 0, 0, "yes or no")               \
	X(STUN, "stun", "type", parse_stun_type, config, stun_type, 0xc000, 0xffff,                                    \
		"a number from 0xc000 to 0xffff, but not 0xc001, 0xc057 to 0xc060 or 0xff00, which are in use")        \
	X(STUN, "stun", "responses", parse_bool, config, stun_responses, 0, 0, "yes or no")                            \
	X(ROUTER, "router", "address", parse_address, router, at, 0, 0, "an IPv4 or IPv6 address")                     \
	X(ROUTER, "router", "port", parse_number, router, at.port, 1, 65535, "a number from 1 to 65535")               \
	X(ROUTER, "router", "mtu", parse_number, router, mtu, 576, 65535, "octets from 576 to 65535")                  \
	X(ROUTER, "router", "source", parse_address, router, source, 0, 0, "an IPv4 or IPv6 address")                  \
	X(ROUTER, "router", "ttl", parse_number, router, ttl, 1, 255, "a number from 1 to 255")                        \
	X(ROUTE, "route", "destination", parse_prefixes, route, destination, 0, 0, PREFIXES)                           \
	X(ROUTE, "route", "mode", parse_word, route, mode, 0, 0, "tunnel, inline or off")                              \
	X(ROUTE, "route", "router", parse_reference, route, router, 0, 0, "the name of a router section")              \
	X(ROUTE, "route", "option", parse_word, route, ofc, 0, 0, "med or ofc")                                        \
	X(ROUTE, "route", "domain", parse_domain, route, domain, 0, 0,                                                 \
		"the name of a domain, 1 to 64 letters, digits, dots, underscores and hyphens")                        \
	X(ROUTE, "route", "payload", parse_carries, route, carries, 0, 0, "rtp, quic or both with a comma")            \
	X(ROUTE, "route", "local_port", parse_ports, route, local_port, 0, 0, PORTS)                                   \
	X(ROUTE, "route", "remote_port", parse_ports, route, remote_port, 0, 0, PORTS)                                 \
	X(ROUTE, "route", "process", parse_pattern, route, process, 0, 0, "a program name")                            \
	X(ROUTE, "route", "protection", parse_word, route, protection, 0, 0, "auto, clear or srtp")                    \
	X(ROUTE, "route", "policy", parse_reference, route, policy, 0, 0, "the name of a policy section")              \
	X(ROUTE, "route", "quic", parse_word, route, quic_frames, 0, 0, "stream or frames")                            \
	X(ROUTE, "route", "quic_priority", parse_bool, route, quic_priority, 0, 0, "yes or no")                        \
	X(ROUTE, "route", "token", parse_token, route, token, 0, 0, "5 to 1024 octets as hex digits")                  \
	X(ROUTE, "route", "token_file", parse_token_file, route, token, 0, 0, "a path from / on")                      \
	X(ROUTE, "route", "token_count", parse_number, route, token_count, 1, 1000000, "a number from 1 to 1000000")   \
	X(ROUTE, "route", "token_interval", parse_number, route, token_interval, 0, 86400, "seconds from 0 to 86400")  \
	X(ROUTE, "route", "stun_token", parse_stun_token, route, stun_token, 0, 0, "off, insert or indication")        \
	X(POLICY, "policy", "payload_types", parse_numbers, policy, payload_types, 0, 127, "at most 16 numbers from 0 to 127") \
	X(POLICY, "policy", "ssrcs", parse_numbers, policy, ssrcs, 0, UINT32_MAX, "at most 16 numbers of 32 bits")      \
	X(POLICY, "policy", "streams", parse_numbers, policy, streams, 0, UINT32_MAX - 1, "at most 16 numbers of streams") \
	X(POLICY, "policy", "mids", parse_mids, policy, mids, 0, 0,                                                    \
		"at most 16 media identifications (a=mid) of 1 to 32 letters, digits and !#$%&'*+-.^_`{|}~")           \
	X(POLICY, "policy", "key", parse_row, policy, row[CLASS_KEY], 0, 0, ROW)                                       \
	X(POLICY, "policy", "base", parse_row, policy, row[CLASS_BASE], 0, 0, ROW)                                     \
	X(POLICY, "policy", "enhancement", parse_row, policy, row[CLASS_ENHANCEMENT], 0, 0, ROW)                       \
	X(POLICY, "policy", "discardable", parse_row, policy, row[CLASS_DISCARDABLE], 0, 0, ROW)                       \
	X(POLICY, "policy", "audio", parse_row, policy, row[CLASS_AUDIO], 0, 0, ROW)                                   \
	X(POLICY, "policy", "repair", parse_row, policy, row[CLASS_REPAIR], 0, 0, ROW)                                 \
	X(POLICY, "policy", "unknown", parse_row, policy, row[CLASS_UNKNOWN], 0, 0, ROW)

const struct key keys[] = {
#define KEY(section, text, name, parse, type, member, low, high, expected) \
	{ SECTION_##section, name, parse, offsetof(struct type, member), sizeof(((struct type *)0)->member), low, high, expected },
	KEYS(KEY)
#undef KEY
};

const struct config_key config_keys[] = {
#define KEY(section, text, name, parse, type, member, low, high, expected) { text, name, expected },
	KEYS(KEY)
#undef KEY
};
const unsigned config_key_count = sizeof config_keys / sizeof *config_keys;
_Static_assert(sizeof config_keys / sizeof *config_keys <= KEYS_MAX, "struct parse notes the line of each key");

const char *const section_names[SECTION_COUNT] = {
#define SECTION_TEXT(name, text) text,
	SECTIONS(SECTION_TEXT)
#undef SECTION_TEXT
};
