/* SPDX-License-Identifier: Apache-2.0 */
/* systemd.h - telling a service manager how far we are, and sockets that it has opened for us. Private to cli/. */
#ifndef LIMPID_CLI_SYSTEMD_H
#define LIMPID_CLI_SYSTEMD_H

/* Send "READY=1" and the like to $NOTIFY_SOCKET; nothing if it is not set. */
void systemd_notify(const char *state);

/*
 * The socket that was passed under this name (FileDescriptorName=), or the nth one if they have no names; -1 if none.
 * Each socket is given out once, close-on-exec.
 */
int systemd_socket(const char *name, unsigned nth);

#endif
