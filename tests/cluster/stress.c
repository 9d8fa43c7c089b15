/* Takes all that its container may have: stress PROCESSES MEBIBYTES runs busy loops, and a process that
   allocates memory and starts again whenever the kernel ends it for the container's memory limit. Prints
   a line for each time. Process 1 itself stays small, so the kernel always chooses the other one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int number) {
    (void)number;
    _exit(0); /* process 1 of the container: the kernel ends the others */
}

/* At the lowest priority within the container, so that memory is exhausted as well. */
static void busy(void) {
    volatile unsigned long n = 0;
    if (nice(19) == -1) _exit(1);
    for (;;) n++;
}

static void allocate(long mebibytes) {
    for (; mebibytes > 0; mebibytes--) {
        void* block = malloc(1 << 20);
        if (block == NULL) break;
        memset(block, 1, 1 << 20);
    }
    for (;;) pause();
}

int main(int count, char** arguments) {
    if (count != 3) return 2;
    signal(SIGTERM, end);
    for (int i = atoi(arguments[1]); i > 0; i--) {
        if (fork() == 0) busy();
    }
    for (;;) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) allocate(atol(arguments[2]));
        if (child < 0 || waitpid(child, &status, 0) != child) return 1;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
            puts("out of memory");
            fflush(stdout);
        }
    }
}
