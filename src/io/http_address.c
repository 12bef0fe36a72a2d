/* SPDX-License-Identifier: Apache-2.0 */
/* http_address.c - what kind of network an address belongs to, and whether a policy lets it be reached. */
#include "io/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct block {
	uint8_t net[16];
	unsigned bits;
	enum http_address_kind kind;
};

/* The first that fits counts. */
static const struct block v4[] = {
	/* Where clouds hand out credentials: most of them; ECS; EKS; Alibaba; Azure; Oracle. */
	{ { 169, 254, 169, 254 }, 32, HTTP_ADDRESS_METADATA },
	{ { 169, 254, 170, 2 }, 32, HTTP_ADDRESS_METADATA },
	{ { 169, 254, 170, 23 }, 32, HTTP_ADDRESS_METADATA },
	{ { 100, 100, 100, 200 }, 32, HTTP_ADDRESS_METADATA },
	{ { 168, 63, 129, 16 }, 32, HTTP_ADDRESS_METADATA },
	{ { 192, 0, 0, 192 }, 32, HTTP_ADDRESS_METADATA },
	{ { 127 }, 8, HTTP_ADDRESS_LOOPBACK },
	{ { 0 }, 8, HTTP_ADDRESS_LOOPBACK }, /* 0.0.0.0 reaches this machine */
	{ { 10 }, 8, HTTP_ADDRESS_PRIVATE },
	{ { 172, 16 }, 12, HTTP_ADDRESS_PRIVATE },
	{ { 192, 168 }, 16, HTTP_ADDRESS_PRIVATE },
	{ { 100, 64 }, 10, HTTP_ADDRESS_PRIVATE },
	{ { 169, 254 }, 16, HTTP_ADDRESS_LINK_LOCAL },
	{ { 224 }, 4, HTTP_ADDRESS_OTHER },
	{ { 255, 255, 255, 255 }, 32, HTTP_ADDRESS_OTHER },
};

static const struct block v6[] = {
	{ { 0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, 128, HTTP_ADDRESS_METADATA },
	{ { 0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23 }, 128, HTTP_ADDRESS_METADATA },
	{ { 0xfd, 0x20, 0, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54 }, 128, HTTP_ADDRESS_METADATA },
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128, HTTP_ADDRESS_LOOPBACK },
	{ { 0 }, 128, HTTP_ADDRESS_LOOPBACK },
	{ { 0xfc }, 7, HTTP_ADDRESS_PRIVATE },
	{ { 0xfe, 0xc0 }, 10, HTTP_ADDRESS_PRIVATE }, /* RFC 3879 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, HTTP_ADDRESS_PRIVATE }, /* RFC 8215: to IPv4, by rules of one's own */
	{ { 0xfe, 0x80 }, 10, HTTP_ADDRESS_LINK_LOCAL },
	{ { 0xff }, 8, HTTP_ADDRESS_OTHER },
};

/* IPv4 inside IPv6: mapped, and by NAT64. */
static const struct block inside[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96, HTTP_ADDRESS_PUBLIC },
	{ { 0, 0x64, 0xff, 0x9b }, 96, HTTP_ADDRESS_PUBLIC },
};

static bool in_block(const uint8_t *address, const struct block *b)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;

	if (memcmp(address, b->net, whole) != 0)
		return false;
	return rest == 0 || (uint8_t)((address[whole] ^ b->net[whole]) >> (8 - rest)) == 0;
}

static enum http_address_kind kind_in(const uint8_t *address, const struct block *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in_block(address, &blocks[i]))
			return blocks[i].kind;
	return HTTP_ADDRESS_PUBLIC;
}

/* IPv4 as IPv6. */
static void map_v4(const struct in_addr *v4_address, uint8_t out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4_address, 4);
}

/* All addresses as IPv6; IPv4 mapped. False for others. */
static bool flatten(const struct sockaddr *address, uint8_t out[16])
{
	if (address->sa_family == AF_INET) {
		map_v4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, out);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(out, ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr, 16);
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		struct in_addr v4_address;

		if (!in_block(out, &inside[i]))
			continue;
		memcpy(&v4_address, out + 12, sizeof(v4_address));
		map_v4(&v4_address, out);
	}
	return true;
}

enum http_address_kind http_address_kind(const struct sockaddr *address)
{
	uint8_t bytes[16];

	if (!flatten(address, bytes))
		return HTTP_ADDRESS_OTHER;
	return in_block(bytes, &inside[0]) ? kind_in(bytes + 12, v4, ARRAY_LEN(v4)) : kind_in(bytes, v6, ARRAY_LEN(v6));
}

bool http_host_is_loopback(struct slice host)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	char copy[INET6_ADDRSTRLEN + 1] = "";

	if (slice_eq_nocase(host, SLICE("localhost")))
		return true;
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_take(slice_from(host, 1), host.len - 2);
	if (host.len == 0 || host.len >= sizeof(copy))
		return false;
	memcpy(copy, host.ptr, host.len);
	if (inet_pton(AF_INET, copy, &in.sin_addr) == 1)
		return http_address_kind((struct sockaddr *)&in) == HTTP_ADDRESS_LOOPBACK;
	return inet_pton(AF_INET6, copy, &in6.sin6_addr) == 1 &&
	       http_address_kind((struct sockaddr *)&in6) == HTTP_ADDRESS_LOOPBACK;
}

/* ---- rules ---- */

static bool is_host_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '.' && s.ptr[i] != '_')
			return false;
	return s.len > 0 && s.ptr[0] != '.';
}

static bool parse_network(struct slice text, struct http_address_rule *out)
{
	struct slice net, length;
	bool has_length = slice_cut(text, '/', &net, &length);
	struct in_addr in;
	struct in6_addr in6;
	uint64_t bits, most;
	char copy[INET6_ADDRSTRLEN + 1];

	if (net.len == 0 || net.len >= sizeof(copy))
		return false;
	memcpy(copy, net.ptr, net.len);
	copy[net.len] = '\0';
	if (inet_pton(AF_INET, copy, &in) == 1) {
		most = 32;
		map_v4(&in, out->net);
	} else if (inet_pton(AF_INET6, copy, &in6) == 1) {
		most = 128;
		memcpy(out->net, in6.s6_addr, sizeof(out->net));
	} else {
		return false;
	}
	bits = most;
	if (has_length && (!slice_to_u64(length, &bits) || bits > most))
		return false;
	out->bits = (unsigned)(bits + 128 - most);
	return true;
}

bool http_address_rule_parse(struct slice text, struct http_address_rule *out)
{
	*out = (struct http_address_rule){ .bits = 0 };
	if (parse_network(text, out))
		return true;
	if (!is_host_name(text) || text.len >= sizeof(out->host))
		return false;
	for (size_t i = 0; i < text.len; i++)
		out->host[i] = (char)to_lower(text.ptr[i]);
	return true;
}

/* The host itself, or one below it. */
static bool is_below(struct slice host, struct slice rule)
{
	struct slice rest;

	if (host.len < rule.len)
		return false;
	rest = slice_take(host, host.len - rule.len);
	return slice_eq_nocase(slice_from(host, rest.len), rule) && (rest.len == 0 || slice_ends(rest, SLICE(".")));
}

static bool has_rule(const struct http_address_rule *rules, size_t n, const char *host, const uint8_t *bytes)
{
	for (size_t i = 0; i < n; i++) {
		struct block b = { .bits = rules[i].bits };

		memcpy(b.net, rules[i].net, sizeof(b.net));
		if (rules[i].host[0] ? is_below(slice_cstr(host), slice_cstr(rules[i].host)) : in_block(bytes, &b))
			return true;
	}
	return false;
}

static const char *refused_kind(const struct http_address_policy *policy, enum http_address_kind kind)
{
	switch (kind) {
	case HTTP_ADDRESS_PUBLIC:
		return policy->airgap ? "a public address" : NULL;
	case HTTP_ADDRESS_PRIVATE:
		return policy->refuse_private ? "a private address" : NULL;
	case HTTP_ADDRESS_LOOPBACK:
		return policy->refuse_loopback ? "a loopback address" : NULL;
	case HTTP_ADDRESS_LINK_LOCAL:
		return policy->refuse_link_local ? "a link-local address" : NULL;
	case HTTP_ADDRESS_METADATA:
		return "a metadata address";
	case HTTP_ADDRESS_OTHER:
		break;
	}
	return "not an address of one machine";
}

const char *http_address_refused(const struct http_address_policy *policy, const char *host,
				 const struct sockaddr *address)
{
	uint8_t bytes[16];

	if (!flatten(address, bytes))
		return refused_kind(policy, HTTP_ADDRESS_OTHER);
	if (has_rule(policy->deny, policy->n_deny, host, bytes))
		return "an address or host that is denied";
	if (has_rule(policy->allow, policy->n_allow, host, bytes))
		return NULL;
	return refused_kind(policy, http_address_kind(address));
}
