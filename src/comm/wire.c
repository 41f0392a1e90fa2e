/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/wire.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

/* A good address answers within a round trip, or within a few where a thousand ranks come at once. */
#define PATIENCE 5.0

/* --- where rank 0 listens --------------------------------------------------------------------------------------- */

static socklen_t size_of(const struct sockaddr *a)
{
    return a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)a;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)a;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

static void set_port(struct sockaddr_storage *a, in_port_t port)
{
    if (a->ss_family == AF_INET6) ((struct sockaddr_in6 *)a)->sin6_port = port;
    else ((struct sockaddr_in *)a)->sin_port = port;
}

/* An address that others could reach; each once. */
static void add_address(ix_wire_place *p, const struct sockaddr *a, in_port_t port)
{
    struct sockaddr_storage s = {0};
    if (!a || (a->sa_family != AF_INET && a->sa_family != AF_INET6) || is_loopback(a)) return;
    memcpy(&s, a, size_of(a));
    set_port(&s, port);
    for (int i = 0; i < p->count; i++)
        if (!memcmp(&p->address[i], &s, sizeof s)) return;
    if (p->count < IX_WIRE_ADDRESSES) p->address[p->count++] = s;
}

static void list_addresses(ix_wire_place *p, int family, in_port_t port)
{
    char host[256] = "";
    struct addrinfo wish = {.ai_family = family == AF_INET ? AF_INET : AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *named = NULL;
    struct ifaddrs *own = NULL;
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    memcpy(&p->address[p->count++], &loopback, sizeof loopback); /* for ranks on the same host */
    if (gethostname(host, sizeof host - 1) == 0 && getaddrinfo(host, NULL, &wish, &named) == 0)
        for (struct addrinfo *a = named; a; a = a->ai_next) add_address(p, a->ai_addr, port);
    if (named) freeaddrinfo(named);
    if (getifaddrs(&own) != 0) return;
    for (struct ifaddrs *a = own; a; a = a->ifa_next)
        if (a->ifa_flags & IFF_UP) add_address(p, a->ifa_addr, port);
    freeifaddrs(own);
}

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* At every address and any free port, for both versions of IP where the system has both. */
static int listen_anywhere(int *family, int waiting)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_ANY)}};
    int no = 0, fd = open_socket(AF_INET6);

    *family = AF_INET6;
    if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0 &&
        bind(fd, (struct sockaddr *)&six, sizeof six) == 0 && listen(fd, waiting) == 0)
        return fd;
    if (fd >= 0) close(fd);
    *family = AF_INET;
    fd = open_socket(AF_INET);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&four, sizeof four) == 0 && listen(fd, waiting) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

int ix_wire_listen(ix_wire_place *out, int waiting)
{
    int family, fd = listen_anywhere(&family, waiting);
    struct sockaddr_storage self = {0};
    socklen_t size = sizeof self;

    *out = (ix_wire_place){0};
    if (fd < 0) return -1;
    if (getsockname(fd, (struct sockaddr *)&self, &size) != 0 ||
        getrandom(&out->token, sizeof out->token, 0) != sizeof out->token) {
        close(fd);
        return -1;
    }
    list_addresses(out, family,
                   family == AF_INET ? ((struct sockaddr_in *)&self)->sin_port
                                     : ((struct sockaddr_in6 *)&self)->sin6_port);
    return fd;
}

/* --- a connection ------------------------------------------------------------------------------------------------- */

bool ix_wire_accept(ix_wire *out, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    *out = (ix_wire){.fd = fd};
    return fd >= 0;
}

void ix_wire_close(ix_wire *wire)
{
    if (wire->fd >= 0) close(wire->fd);
    *wire = (ix_wire){.fd = -1};
}

/* What is left of the record in the outbox; no signal where nobody reads any more: that shows when we read. */
static void flush(ix_wire *w)
{
    ssize_t put = w->out ? send(w->fd, w->outbox + sizeof w->outbox - w->out, w->out, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (put > 0) w->out -= (size_t)put;
}

void ix_wire_send(ix_wire *w, const ix_beat *beat)
{
    if (w->fd < 0) return;
    flush(w);
    if (w->out) return;
    memcpy(w->outbox, beat, sizeof *beat);
    w->out = sizeof *beat;
    flush(w);
    if (w->out == sizeof *beat) w->out = 0; /* nothing of it has gone */
}

ix_wire_state ix_wire_receive(ix_wire *w, ix_beat *out)
{
    while (w->in < sizeof w->inbox) {
        ssize_t got = recv(w->fd, w->inbox + w->in, sizeof w->inbox - w->in, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return IX_WIRE_EMPTY;
        if (got <= 0) return IX_WIRE_BROKEN;
        w->in += (size_t)got;
    }
    memcpy(out, w->inbox, sizeof *out);
    w->in = 0;
    return IX_WIRE_RECORD;
}

static bool wait_for(int fd, short events, double until)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        double left = until - ix_seconds();
        int n = left > 0 ? poll(&p, 1, (int)(left * 1000) + 1) : 0;
        if (n > 0) return true;
        if (n == 0 || errno != EINTR) return false;
    }
}

/* Hello, and an answer of the same job: at a private address somebody else may listen. */
static bool greet(ix_wire *w, const ix_beat *hello, double until)
{
    ix_beat answer;
    ix_wire_state state = IX_WIRE_EMPTY;
    ix_wire_send(w, hello);
    while (state == IX_WIRE_EMPTY && wait_for(w->fd, POLLIN, until)) state = ix_wire_receive(w, &answer);
    return state == IX_WIRE_RECORD && answer.token == hello->token;
}

static bool try_address(ix_wire *w, const struct sockaddr *a, const ix_beat *hello)
{
    double until = ix_seconds() + PATIENCE;
    int error = 0;
    socklen_t size = sizeof error;

    *w = (ix_wire){.fd = open_socket(a->sa_family)};
    if (w->fd < 0) return false;
    bool there = connect(w->fd, a, size_of(a)) == 0;
    if (!there && errno == EINPROGRESS && wait_for(w->fd, POLLOUT, until))
        there = getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    if (there && greet(w, hello, until)) return true;
    ix_wire_close(w);
    return false;
}

bool ix_wire_connect(ix_wire *out, const ix_wire_place *p, bool same_host, const ix_beat *hello)
{
    *out = (ix_wire){.fd = -1};
    for (int i = same_host ? 0 : 1; i < p->count; i++)
        if (try_address(out, (const struct sockaddr *)&p->address[i], hello)) return true;
    return false;
}
