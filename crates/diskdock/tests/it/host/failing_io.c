/* Lets writes and syncs of one file of a program fail, for tests. Preloaded with LD_PRELOAD.
 *
 * FAIL_PATH is the end of the path of the file. While $FAIL_FLAG.sync exists its syncs fail, while
 * $FAIL_FLAG.write exists its writes do, and while $FAIL_FLAG.full exists they find no room.
 * $FAIL_FLAG.sync.once fails one sync and is gone then, as Linux reports a lost write once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_the_file(int fd)
{
    char link[64], path[PATH_MAX];
    const char *end = getenv("FAIL_PATH");
    ssize_t length;

    if (!end || !getenv("FAIL_FLAG"))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)strlen(end))
        return 0;
    path[length] = 0;
    return strcmp(path + length - strlen(end), end) == 0;
}

static int has_flag(const char *kind)
{
    char flag[PATH_MAX];

    snprintf(flag, sizeof flag, "%s.%s.once", getenv("FAIL_FLAG"), kind);
    if (unlink(flag) == 0)
        return 1;
    snprintf(flag, sizeof flag, "%s.%s", getenv("FAIL_FLAG"), kind);
    return access(flag, F_OK) == 0;
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

#define SYNC(name)                                                     \
    int name(int fd)                                                   \
    {                                                                  \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name);      \
        return is_the_file(fd) && has_flag("sync") ? refuse(EIO) : real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

static int write_fails(int fd)
{
    if (!is_the_file(fd))
        return 0;
    return has_flag("full") ? ENOSPC : has_flag("write") ? EIO : 0;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    int error = write_fails(fd);
    return error ? refuse(error) : real(fd, bytes, count);
}

#define PWRITE(name, offset)                                                       \
    ssize_t name(int fd, const void *bytes, size_t count, offset at)               \
    {                                                                              \
        ssize_t (*real)(int, const void *, size_t, offset) =                       \
            (ssize_t (*)(int, const void *, size_t, offset))dlsym(RTLD_NEXT, #name); \
        int error = write_fails(fd);                                               \
        return error ? refuse(error) : real(fd, bytes, count, at);                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
