/* SPDX-License-Identifier: Apache-2.0
 *
 * wire.h - records between the watchdogs of a job: a star of TCP connections beside message passing, around rank 0.
 *
 * Nothing here waits but ix_wire_connect. A record is the same bytes on both sides: all ranks run the same program. No
 * call of message passing; any thread. Local. */
#ifndef IX_COMM_WIRE_H
#define IX_COMM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "comm/verdict.h"

typedef enum {
    IX_BEAT, /* a sign of life */
    IX_BYE,  /* the last one: I end in good order */
    IX_END   /* end at once, with `step` as exit code: what there is to say has been said */
} ix_beat_kind;

typedef struct {
    uint64_t token; /* of the job: strangers do not know it */
    int32_t rank;
    uint32_t kind;
    double still;
    int64_t step;
    char what[IX_WATCHED_WHAT];
    uint64_t waits;
} ix_beat;

/* Where rank 0 listens, as bytes to be broadcast. count 0: nowhere. */
enum { IX_WIRE_ADDRESSES = 16 };
typedef struct {
    uint64_t token;
    int count;
    struct sockaddr_storage address[IX_WIRE_ADDRESSES]; /* of the host's name, then of its networks */
} ix_wire_place;

/* The listening socket; -1: none can be had. Connections that wait to be accepted: `waiting`. */
int ix_wire_listen(ix_wire_place *out, int waiting);

/* One connection. Records that arrive in pieces are put together, and a record that could be sent only in part is
 * finished before the next. */
typedef struct {
    int fd; /* -1: none */
    size_t in, out;
    char inbox[sizeof(ix_beat)], outbox[sizeof(ix_beat)];
} ix_wire;

/* The next one that came to the listening socket; false: none now. */
bool ix_wire_accept(ix_wire *out, int listener);

/* Tries every address, says `hello`, and waits some seconds for a record with the same token. */
bool ix_wire_connect(ix_wire *out, const ix_wire_place *place, bool same_host, const ix_beat *hello);

void ix_wire_send(ix_wire *wire, const ix_beat *beat); /* dropped where there is no room: a later one will do */
typedef enum { IX_WIRE_BROKEN = -1, IX_WIRE_EMPTY, IX_WIRE_RECORD } ix_wire_state;
ix_wire_state ix_wire_receive(ix_wire *wire, ix_beat *out);
void ix_wire_close(ix_wire *wire);

#endif
