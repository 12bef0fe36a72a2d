/* SPDX-License-Identifier: Apache-2.0 */
/* places.c - the paths of podman, docker and netrc. */
#include "cli/places.h"

/* DIR/NAME at the end of the list, if there is such a directory's name. */
static void add(struct cli_places *p, const char **list, const char *before, const char *dir, const char *name)
{
	struct slice text;
	size_t n = 0;

	while (list[n])
		n++;
	if (dir && dir[0] && n + 1 < CLI_PLACES && arena_printf(&p->arena, &text, "%s%s%s", before, dir, name))
		list[n] = (const char *)text.ptr;
}

/* As podman looks for them, then docker. */
static void find_auth_files(const struct options *o, struct cli_places *p)
{
	const char *docker = getenv("DOCKER_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");

	add(p, p->auth_files, "", o->value[OPTION_authfile], "");
	add(p, p->auth_files, "", getenv("REGISTRY_AUTH_FILE"), "");
	add(p, p->auth_files, "", getenv("XDG_RUNTIME_DIR"), "/containers/auth.json");
	add(p, p->auth_files, "", xdg && xdg[0] ? xdg : getenv("HOME"),
	    xdg && xdg[0] ? "/containers/auth.json" : "/.config/containers/auth.json");
	add(p, p->auth_files, "", docker && docker[0] ? docker : getenv("HOME"),
	    docker && docker[0] ? "/config.json" : "/.docker/config.json");
}

static const char *find_netrc(struct cli_places *p)
{
	const char *said = getenv("NETRC");
	const char *list[CLI_PLACES] = { NULL };

	if (said && said[0])
		return said;
	add(p, list, "", getenv("HOME"), "/.netrc");
	return list[0];
}

static void find_cert_dirs(const struct options *o, struct cli_places *p)
{
	add(p, p->cert_dirs, "", o->value[OPTION_cert_dir], "");
	add(p, p->cert_dirs, "", getenv("HOME"), "/.config/containers/certs.d");
	add(p, p->cert_dirs, "", getenv("HOME"), "/.docker/certs.d");
	add(p, p->cert_dirs, "", "/etc/containers/certs.d", "");
	add(p, p->cert_dirs, "", "/etc/docker/certs.d", "");
}

static void find_daemons(struct cli_places *p)
{
	const char *docker = getenv("DOCKER_HOST"), *podman = getenv("CONTAINER_HOST");

	if (docker && docker[0]) {
		add(p, p->docker_hosts, "", docker, "");
	} else {
		add(p, p->docker_hosts, "unix://", "/var/run/docker.sock", "");
		add(p, p->docker_hosts, "unix://", getenv("XDG_RUNTIME_DIR"), "/docker.sock");
		add(p, p->docker_hosts, "unix://", getenv("HOME"), "/.docker/run/docker.sock");
		add(p, p->docker_hosts, "unix://", getenv("HOME"), "/.docker/desktop/docker.sock");
	}
	if (podman && podman[0]) {
		add(p, p->podman_hosts, "", podman, "");
	} else {
		add(p, p->podman_hosts, "unix://", getenv("XDG_RUNTIME_DIR"), "/podman/podman.sock");
		add(p, p->podman_hosts, "unix://", "/run/podman/podman.sock", "");
	}
}

static const char *find_docker_certs(struct cli_places *p)
{
	const char *verify = getenv("DOCKER_TLS_VERIFY"), *said = getenv("DOCKER_CERT_PATH");
	const char *list[CLI_PLACES] = { NULL };

	if (!verify || !verify[0])
		return NULL;
	add(p, list, "", said && said[0] ? said : getenv("HOME"), said && said[0] ? "" : "/.docker");
	return list[0];
}

void cli_places_find(const struct options *o, struct cli_places *out)
{
	*out = (struct cli_places){ .arena = ARENA_INIT((size_t)1 << 20) };
	find_auth_files(o, out);
	find_cert_dirs(o, out);
	find_daemons(out);
	out->netrc = find_netrc(out);
	out->docker_certs = find_docker_certs(out);
}

void cli_places_fini(struct cli_places *p)
{
	arena_fini(&p->arena);
}
