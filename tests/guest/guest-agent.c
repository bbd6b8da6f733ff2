/*
 * guest-agent: runs in the guest what a test sends to TCP port 23. One connection, one script, any number at a time.
 *
 * In:  a line "SECONDS BYTES", then the script of that many bytes.
 * Out: what the script prints, errors too, as it comes; then on a line of its own "diskdock-exit STATUS".
 *      STATUS is that of the shell: 128 + signal where one ended it, 137 after SECONDS.
 * A client that closes its side ends the script: its whole process group is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 23
#define BACKLOG 64
#define LARGEST_SCRIPT (1 << 20)
#define LONGEST_RUN_S (24 * 60 * 60)
/* A client that connects and says nothing is let go. */
#define LONGEST_READ_S 30

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static char *read_script(FILE *from, int *seconds)
{
    size_t length;
    if (fscanf(from, "%d %zu", seconds, &length) != 2 || fgetc(from) != '\n')
        return NULL;
    if (*seconds < 1 || *seconds > LONGEST_RUN_S || length > LARGEST_SCRIPT)
        return NULL;
    char *script = calloc(length + 1, 1);
    return script && fread(script, 1, length, from) == length ? script : NULL;
}

static pid_t start(int connection, const char *script)
{
    pid_t shell = fork();
    if (shell != 0)
        return shell;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(connection, 1);
    dup2(connection, 2);
    execl("/bin/sh", "sh", "-c", script, (char *)NULL);
    _exit(127);
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

/* Waits for the end of the script; brings it about when the client is gone or the time is up. */
static int wait_for(pid_t shell, int connection, int seconds)
{
    struct pollfd either[] = {
        {.fd = syscall(SYS_pidfd_open, shell, 0), .events = POLLIN},
        {.fd = connection, .events = POLLRDHUP},
    };
    long end_ms = now_ms() + seconds * 1000L, left_ms;
    while ((left_ms = end_ms - now_ms()) > 0 && !either[0].revents && !either[1].revents)
        poll(either, 2, (int)left_ms);
    if (!either[0].revents)
        kill(-shell, SIGKILL);
    int status;
    waitpid(shell, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void serve(int connection)
{
    struct timeval timeout = {.tv_sec = LONGEST_READ_S};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    FILE *from = fdopen(connection, "r");
    int seconds;
    char *script = from ? read_script(from, &seconds) : NULL;
    if (!script) {
        dprintf(connection, "guest-agent: send a line \"SECONDS BYTES\", then the script\n");
        return;
    }
    pid_t shell = start(connection, script);
    if (shell < 0)
        return;
    dprintf(connection, "\ndiskdock-exit %d\n", wait_for(shell, connection, seconds));
    /* The script may have left something running that has the connection open. */
    shutdown(connection, SHUT_RDWR);
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, BACKLOG) != 0)
        die("guest-agent: port 23");
    puts("diskdock-guest: ready");
    fflush(stdout);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
            continue;
        if (fork() == 0) {
            serve(connection);
            _exit(0);
        }
        close(connection);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}
