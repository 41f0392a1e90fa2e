/* SPDX-License-Identifier: Apache-2.0
 *
 * Records over a connection: whole, in pieces, more than fit; the wrong place to call; the end of the other side. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "comm/wire.h"

/* Rank 0 for one caller: answers the first record with `token`, if it is not 0. */
typedef struct {
    int listener;
    uint64_t token;
    ix_wire wire;
} host;

static void *answer(void *argument)
{
    host *h = argument;
    struct pollfd p = {.fd = h->listener, .events = POLLIN};
    ix_beat b;
    if (poll(&p, 1, 20000) <= 0 || !ix_wire_accept(&h->wire, h->listener)) return NULL;
    p.fd = h->wire.fd;
    while (poll(&p, 1, 20000) > 0 && ix_wire_receive(&h->wire, &b) == IX_WIRE_EMPTY) continue;
    b.token = h->token;
    if (h->token) ix_wire_send(&h->wire, &b);
    else ix_wire_close(&h->wire);
    return NULL;
}

/* Both ends of a connection; false: it did not come about. */
static bool call(host *h, ix_wire *w, uint64_t token)
{
    pthread_t thread;
    ix_wire_place place;
    h->wire.fd = -1;
    h->listener = ix_wire_listen(&place, 8);
    assert_true(h->listener >= 0 && place.count >= 1);
    h->token = token == 1 ? place.token : token;
    ix_beat hello = {.token = place.token, .rank = 1};
    place.count = 1; /* loopback */
    assert_int_equal(pthread_create(&thread, NULL, answer, h), 0);
    bool there = ix_wire_connect(w, &place, true, &hello);
    pthread_join(thread, NULL);
    return there;
}

static void hang_up(host *h, ix_wire *w)
{
    ix_wire_close(w);
    ix_wire_close(&h->wire);
    close(h->listener);
}

static ix_wire_state next(ix_wire *w, ix_beat *b)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    ix_wire_state state;
    while ((state = ix_wire_receive(w, b)) == IX_WIRE_EMPTY) assert_true(poll(&p, 1, 20000) > 0);
    return state;
}

static void records(void **state)
{
    (void)state;
    host h;
    ix_wire w;
    ix_beat b, sent = {.token = 5, .rank = 1, .kind = IX_BYE, .still = 2.5, .step = 12, .what = "forward", .waits = 1};
    assert_true(call(&h, &w, 1));
    assert_int_equal(ix_wire_receive(&w, &b), IX_WIRE_EMPTY);
    ix_wire_send(&w, &sent);
    assert_int_equal(next(&h.wire, &b), IX_WIRE_RECORD);
    assert_memory_equal(&b, &sent, sizeof b);
    const char *bytes = (const char *)&sent;
    assert_int_equal(write(w.fd, bytes, 10), 10);
    usleep(1000);
    assert_int_equal(ix_wire_receive(&h.wire, &b), IX_WIRE_EMPTY);
    assert_int_equal(write(w.fd, bytes + 10, sizeof sent - 10), (ssize_t)sizeof sent - 10);
    assert_int_equal(next(&h.wire, &b), IX_WIRE_RECORD);
    assert_memory_equal(&b, &sent, sizeof b);
    hang_up(&h, &w);
}

/* Nobody reads for a long time: sending never waits, and what arrives in the end is whole records, in order. */
static void no_room(void **state)
{
    (void)state;
    enum { SENT = 200000 };
    host h;
    ix_wire w;
    ix_beat b = {.token = 1};
    int64_t got = 0, last = -1;
    assert_true(call(&h, &w, 1));
    for (b.step = 0; b.step < SENT; b.step++) ix_wire_send(&w, &b);
    for (ix_wire_state s; (s = ix_wire_receive(&h.wire, &b)) != IX_WIRE_BROKEN; got += s == IX_WIRE_RECORD) {
        if (s == IX_WIRE_EMPTY && w.fd >= 0 && !w.out) ix_wire_close(&w);
        if (s == IX_WIRE_EMPTY && w.fd >= 0) ix_wire_send(&w, &(ix_beat){.token = 1, .step = SENT});
        if (s != IX_WIRE_RECORD) continue;
        assert_true(b.token == 1 && b.step >= last && b.step <= SENT);
        last = b.step;
    }
    assert_true(got > 100 && got < SENT);
    hang_up(&h, &w);
}

static void strangers(void **state)
{
    (void)state;
    host h;
    ix_wire w;
    ix_beat b, sent = {.token = 2};
    ix_wire_place nowhere = {.count = 0};
    assert_false(call(&h, &w, 4711)); /* of another job */
    hang_up(&h, &w);
    assert_false(call(&h, &w, 0)); /* it hangs up */
    hang_up(&h, &w);
    assert_false(ix_wire_connect(&w, &nowhere, true, &sent));
    assert_int_equal(w.fd, -1);
    assert_true(call(&h, &w, 1));
    ix_wire_close(&h.wire);
    assert_int_equal(next(&w, &b), IX_WIRE_BROKEN);
    for (int i = 0; i < 3; i++) ix_wire_send(&w, &sent); /* no signal */
    hang_up(&h, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(records), cmocka_unit_test(no_room),
                                       cmocka_unit_test(strangers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
