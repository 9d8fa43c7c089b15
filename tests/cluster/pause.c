/* Sleeps until SIGTERM or SIGINT: the sandbox image's program, an idle workload, and process 1 of the test
   node. As process 1 it inherits orphans: because it ignores SIGCHLD, the kernel reaps them. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void end(int number) {
    (void)number;
    _exit(0);
}

int main(void) {
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGCHLD, SIG_IGN);
    for (;;) pause();
}
