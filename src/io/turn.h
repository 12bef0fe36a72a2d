/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.h - turns among processes: what would be too much if all of them did it at once, one does at a time.
 *
 * A turn is a lock on a file that the processes share; it ends with its holder at the latest. Within a process nobody
 * waits.
 */
#ifndef LIMPID_IO_TURN_H
#define LIMPID_IO_TURN_H

enum turn { TURN_SPOOL, TURN_DECODER };

/* Wait for it. fd: -1 for none, then there is no waiting. */
void turn_take(int fd, enum turn which);
void turn_give(int fd, enum turn which);

#endif
