/* Preloaded into the programs of one host, so that several hosts on one computer have addresses of their own: connections
 * over loopback come from the address in BIND_ADDRESS, but for those to the port in BIND_EXCEPT. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int connect(int socket, const struct sockaddr *to, socklen_t length) {
    static int (*next)(int, const struct sockaddr *, socklen_t);
    if (!next) next = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    const char *address = getenv("BIND_ADDRESS"), *except = getenv("BIND_EXCEPT");
    if (address && to && to->sa_family == AF_INET) {
        const struct sockaddr_in *there = (const struct sockaddr_in *)to;
        struct sockaddr_in here = {.sin_family = AF_INET};
        struct sockaddr_in bound = {0};
        socklen_t size = sizeof bound;
        int is_loopback = (ntohl(there->sin_addr.s_addr) >> 24) == 127;
        int is_exception = except && atoi(except) == ntohs(there->sin_port);
        if (is_loopback && !is_exception && getsockname(socket, (struct sockaddr *)&bound, &size) == 0 && bound.sin_port == 0
            && inet_pton(AF_INET, address, &here.sin_addr) == 1)
            bind(socket, (struct sockaddr *)&here, sizeof here);
    }
    return next(socket, to, length);
}
