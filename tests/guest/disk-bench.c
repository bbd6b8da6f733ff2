/*
 * disk-bench PATH MODE SECONDS SPAN_MIB: one load on a disk, past the guest's page cache; prints requests each second,
 * of stall the longest request in milliseconds.
 *
 * sync    one writer: 4 KiB at a random place, then fdatasync
 * stall   the same
 * write   32 writers: 4 KiB at random places
 * read    32 readers: 4 KiB at random places
 * stream  one reader: 1 MiB after the other
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SMALL 4096
#define LARGE (1 << 20)
#define WORKERS 32

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Requests until the time is over, or the microseconds of the longest of them; -1 if one fails. */
static long work(const char *path, const char *mode, double seconds, uint64_t span, uint64_t seed)
{
    int stall = !strcmp(mode, "stall"), syncs = stall || !strcmp(mode, "sync");
    int writes = syncs || !strcmp(mode, "write"), streams = !strcmp(mode, "stream");
    size_t size = streams ? LARGE : SMALL;
    int disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    void *bytes;
    if (disk < 0 || posix_memalign(&bytes, SMALL, size))
        return -1;
    memset(bytes, (int)seed, size);
    double begun = seconds_now(), end = begun + seconds, longest = 0;
    for (long done = 0;; done++) {
        double now = seconds_now();
        if (done > 0 && now - begun > longest)
            longest = now - begun;
        if (now >= end)
            return stall ? (long)(longest * 1e6) : done;
        begun = now;
        uint64_t place = streams ? (uint64_t)done : next_random(&seed);
        off_t at = (off_t)(place % (span / size) * size);
        ssize_t moved = writes ? pwrite(disk, bytes, size, at) : pread(disk, bytes, size, at);
        if (moved != (ssize_t)size || (syncs && fdatasync(disk)))
            return -1;
    }
}

int main(int count, char **arguments)
{
    if (count != 5)
        return 2;
    const char *path = arguments[1], *mode = arguments[2];
    double seconds = atof(arguments[3]);
    uint64_t span = strtoull(arguments[4], NULL, 10) << 20;
    int workers = !strcmp(mode, "write") || !strcmp(mode, "read") ? WORKERS : 1;
    int ends[2];
    long total = 0;
    if (span < LARGE || pipe(ends))
        return 2;
    for (int worker = 1; worker <= workers; worker++) {
        if (fork() == 0) {
            long done = work(path, mode, seconds, span, 0x9e3779b97f4a7c15u * (uint64_t)worker);
            _exit(write(ends[1], &done, sizeof done) != sizeof done);
        }
    }
    for (int worker = 0; worker < workers; worker++) {
        long done;
        if (read(ends[0], &done, sizeof done) != sizeof done || done < 0)
            return 1;
        total += done;
        wait(NULL);
    }
    printf("%.0f\n", (double)total / (!strcmp(mode, "stall") ? 1e3 : seconds));
    return 0;
}
