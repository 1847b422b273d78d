/* Rust's runtime puts /dev/null in the place of a standard output that is closed, before main() can look: every write
 * then succeeds, and rows are lost without a word. This runs before the runtime and puts it there for reading only,
 * which `output::sink` tells from every output that can be written. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void mark_closed_output(void)
{
    if (fcntl(STDOUT_FILENO, F_GETFD) != -1 || errno != EBADF) {
        return;
    }
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing != -1 && nothing != STDOUT_FILENO) {
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
}
