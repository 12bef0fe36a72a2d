/* SPDX-License-Identifier: Apache-2.0 */
/* http_address.c - what kind of network an address belongs to, and whether a policy lets it be reached. */
#include "io/http_client.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct block {
	uint8_t net[16];
	unsigned bits;
	enum http_address_kind kind;
};

/* The first that fits counts. */
static const struct block v4[] = {
	/* Where clouds hand out credentials: AWS, GCP, Azure, OpenStack and others; ECS; EKS; Alibaba; Azure; Oracle. */
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
	{ { 0xfe, 0x80 }, 10, HTTP_ADDRESS_LINK_LOCAL },
	{ { 0xff }, 8, HTTP_ADDRESS_OTHER },
};

/* IPv4 inside IPv6: mapped, compatible, and by NAT64. */
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

enum http_address_kind http_address_kind(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return kind_in((const uint8_t *)&in->sin_addr, v4, ARRAY_LEN(v4));
	}
	if (address->sa_family == AF_INET6) {
		const uint8_t *bytes = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;

		for (size_t i = 0; i < ARRAY_LEN(inside); i++)
			if (in_block(bytes, &inside[i]))
				return kind_in(bytes + 12, v4, ARRAY_LEN(v4));
		return kind_in(bytes, v6, ARRAY_LEN(v6));
	}
	return HTTP_ADDRESS_OTHER;
}

const char *http_address_refused(const struct http_address_policy *policy, const struct sockaddr *address)
{
	switch (http_address_kind(address)) {
	case HTTP_ADDRESS_PUBLIC:
		return policy->airgap ? "a public address" : NULL;
	case HTTP_ADDRESS_PRIVATE:
		return policy->refuse_private ? "a private address" : NULL;
	case HTTP_ADDRESS_LOOPBACK:
		return policy->refuse_loopback ? "a loopback address" : NULL;
	case HTTP_ADDRESS_LINK_LOCAL:
		return policy->refuse_link_local ? "a link-local address" : NULL;
	case HTTP_ADDRESS_METADATA:
		return policy->allow_metadata ? NULL : "a metadata address";
	case HTTP_ADDRESS_OTHER:
		break;
	}
	return "not an address of one machine";
}
