"""A system clock that the test sets: a small library in front of the C library's, with an offset read from a file.

Who waits for a moment of that clock (the NATS library does) notices when it is set, as with a real clock.
"""

import struct
import subprocess

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *offset_seconds;

__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("WEIR_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
  void *memory = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  offset_seconds = memory == MAP_FAILED ? 0 : memory;
}

static long long offset(void) { return offset_seconds ? *offset_seconds : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
  return result;
}

static int (*find_real_wait(void))(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) {
  void *found = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");  /* the name has an older bearer */
  return found ? found : dlsym(RTLD_NEXT, "pthread_cond_timedwait");
}

/* Waits for a moment of the system clock. The kernel knows nothing of the offset: in short turns. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
  static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!real) real = find_real_wait();
  for (;;) {
    struct timespec now, turn;
    clock_gettime(CLOCK_REALTIME, &now);
    long long left_ms = (until->tv_sec - now.tv_sec) * 1000LL + (until->tv_nsec - now.tv_nsec) / 1000000;
    int last = left_ms <= 10;
    long long turn_ms = left_ms < 0 ? 0 : last ? left_ms : 10;
    turn = now;
    turn.tv_sec -= offset();
    turn.tv_nsec += turn_ms * 1000000;
    turn.tv_sec += turn.tv_nsec / 1000000000;
    turn.tv_nsec %= 1000000000;
    int result = real(condition, mutex, &turn);
    if (result != ETIMEDOUT || last) return result;
  }
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
"""


class Clock:
    """`environment` is for the processes that shall live by it."""

    def __init__(self, folder):
        source, library = folder / "clock.c", folder / "clock.so"
        self._offset = folder / "clock-offset"
        self.set(0)
        source.write_text(_SOURCE)
        built = subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], capture_output=True,
                               text=True, check=False)
        assert built.returncode == 0, built.stderr
        self.environment = {"LD_PRELOAD": str(library), "WEIR_TEST_CLOCK": str(self._offset)}

    def set(self, seconds):
        """So far from the true time, for all that live by it, at once."""
        with open(self._offset, "r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("<q", seconds))
